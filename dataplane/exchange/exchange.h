#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/exchange/answer_hold.h"
#include "dataplane/exchange/attempt/attempt.h"
#include "dataplane/exchange/client_side.h"
#include "dataplane/exchange/metering.h"
#include "dataplane/exchange/pipeline.h"

namespace tollgate::dataplane::exchange {

// Names of the folder below that phases use all the time.
using attempt::Attempt;
using attempt::AttemptOwner;
using attempt::Config;
using attempt::Fault;
using attempt::fault_info;
using attempt::Plan;
using attempt::Request;
using attempt::Services;
using attempt::Way;

/// An answer that the gateway makes itself.
struct Reply {
  int status = 500;
  std::string_view content_type = "application/json";
  std::string body;
  std::string_view location;     // redirects; in the arena
  std::string_view retry_after;  // seconds
  std::string_view allow;
  std::string_view code;  // for the access log; empty: not an error
};

/// Where the request goes, once that is known. `rule` keeps everything it refers to alive.
struct Target {
  const router::ListenerTable* table = nullptr;  // until Exchange::forget_config
  std::shared_ptr<const snapshot::ListenerNode> listener;
  std::shared_ptr<const snapshot::RuleNode> rule;
  std::string_view matched_prefix;  // of the path; in the arena
};

/// One request and its answer. The codec on the client's side feeds it and writes for it; attempts
/// talk to backends for it; phases (pipeline.h) decide. It never touches a connection itself.
///
/// Lifetime: made by the client's session for a complete head, destroyed by it after send_end or
/// send_cut, or after on_client_gone.
class Exchange final : private AttemptOwner, private limits::PassageOwner {
 public:
  Exchange(Services& services, ClientSide& client, const ConnectionFacts& connection,
           base::Arena& arena);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  // What the session reports. A request without body (Framing::kNone) is complete with its head.
  void start(http::RequestHead& head);
  void on_request_data(net::Slice data);
  void on_request_end(const http::FieldList* trailers);
  /// The rest of the request cannot be read; `status` and `reason` are the decoder's.
  void on_request_broken(int status, std::string_view reason);
  void on_client_too_slow();
  void on_client_drained();
  void on_client_gone();

  [[nodiscard]] bool done() const { return phase_ == Phase::kDone; }

  // What phases use.
  [[nodiscard]] Services& services() { return services_; }
  [[nodiscard]] ClientSide& client() { return client_; }
  [[nodiscard]] const ConnectionFacts& connection() const { return connection_; }
  [[nodiscard]] base::Arena& arena() { return arena_; }
  /// Until forget_config.
  [[nodiscard]] const Config& config() const { return *config_; }
  /// The rule is known: long streams keep that and let go of everything else.
  void forget_config() {
    config_.reset();
    target_.table = nullptr;
  }
  [[nodiscard]] Request& request() { return request_; }
  [[nodiscard]] Target& target() { return target_; }
  [[nodiscard]] catalog::Dialect dialect() const;
  /// What rules and limits may look at.
  [[nodiscard]] router::RequestView view();
  [[nodiscard]] Metering& metering() { return metering_; }

  /// Sets the answer that a phase ends with; answers kRespond.
  Step respond(Reply reply);
  /// An error in the client's dialect; `message` empty means the table's, `status` 0 likewise.
  Step respond(Fault fault, std::string_view message = {}, int status = 0);
  Step respond_direct(const snapshot::DirectResponse& direct);
  /// Begins the first attempt. kWait, or kRespond if there is nobody to ask.
  Step try_next_backend();

  static constexpr std::size_t kMaxAttempts = 3;
  /// For HTTP/1.0, which may leave the host out, where somebody needs it.
  static constexpr std::string_view kNoHost = "malformed request: it names no host";

 private:
  // AttemptOwner
  void on_attempt_informational(http::ResponseHead& head) override;
  void on_attempt_head(http::ResponseHead& head) override;
  void on_attempt_data(net::Slice data) override;
  void on_attempt_data(std::string_view data) override;
  void on_attempt_rewrote() override;
  void on_attempt_end(const http::FieldList* trailers) override;
  void on_attempt_failed(Fault fault, const std::string& detail) override;
  void on_attempt_writable() override;

  std::optional<std::uint32_t> choose_usable(const snapshot::RuleNode& rule);
  Step begin_attempt(std::uint32_t chosen);
  // limits::PassageOwner
  void on_limits_decided() override { advance(); }

  void advance();
  void deliver_reply();
  bool send_head(http::ResponseHead& head);
  /// Another backend may be asked instead of the current one: chooses it.
  [[nodiscard]] bool may_go_on();
  void go_on();
  void hold_answer();
  /// What was held goes to the client, and from now on everything.
  bool commit_answer();
  void settle_hold();
  void on_hold_timeout() { commit_answer(); }
  bool flush_head();
  void after_write(bool below_mark);
  void note_first_token();
  void pump_body();
  void end_broken(Fault fault, std::string_view detail);
  /// As respond; in the provider's own words if it said why.
  void respond_broken(Fault fault, std::string_view message, int status);
  void answer_fault(Fault fault, std::string_view message, int status);
  void on_request_timeout();
  void finish();
  void report();
  [[nodiscard]] bool was_given_up(const Attempt& attempt) const;
  void fill_usage(telemetry::Record& record);
  void estimate_usage(formats::Usage& usage, const providers::AnswerFacts& facts,
                      bool finished) const;
  [[nodiscard]] std::string backend_in_costs();
  Attempt* current() { return attempt_count_ == 0 ? nullptr : &*attempts_[attempt_count_ - 1]; }

  Services& services_;
  ClientSide& client_;
  const ConnectionFacts& connection_;
  base::Arena& arena_;
  std::shared_ptr<const Config> config_;  // until routed
  Request request_;
  Target target_;
  Metering metering_;
  Phase phase_ = kFirstPhase;
  bool advancing_ = false;
  bool head_sent_ = false;
  bool client_blocked_ = false;
  bool client_left_ = false;
  bool cut_ = false;
  bool whole_ = false;  // one document passes: its end says whether it is an answer
  int status_ = 0;
  Fault fault_ = Fault::kNone;
  std::string_view error_code_;
  Reply reply_;
  http::ResponseHead* pending_head_ = nullptr;
  std::vector<net::Slice> waiting_body_;  // what came before the backend could take it
  bool end_waits_ = false;
  AnswerHold hold_;
  std::uint64_t response_bytes_ = 0;
  std::size_t group_ = 0;
  std::optional<std::uint32_t> next_backend_;  // chosen already, by may_go_on
  std::uint8_t attempt_count_ = 0;
  std::array<std::optional<Attempt>, kMaxAttempts> attempts_;
  base::MonotonicTime started_;
  base::WallTime started_wall_;
  std::optional<base::MonotonicTime> upstream_head_at_;
  std::optional<base::MonotonicTime> first_token_at_;
  event::Timer hold_timer_ = event::Timer::of<&Exchange::on_hold_timeout>(*this);
  event::Timer request_timer_ = event::Timer::of<&Exchange::on_request_timeout>(*this);
};

}  // namespace tollgate::dataplane::exchange
