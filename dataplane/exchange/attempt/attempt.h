#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/event/timer.h"
#include "dataplane/exchange/attempt/prepare.h"
#include "dataplane/formats/byte_sink.h"

namespace tollgate::dataplane::exchange::attempt {

/// What an attempt tells the exchange. Calls come from the loop or from inside Attempt::start;
/// after on_attempt_end or on_attempt_failed none follows. All bytes are what the client shall get.
class AttemptOwner {
 public:
  virtual void on_attempt_informational(http::ResponseHead& head) = 0;
  virtual void on_attempt_head(http::ResponseHead& head) = 0;
  virtual void on_attempt_data(net::Slice data) = 0;
  virtual void on_attempt_data(std::string_view data) = 0;
  /// One read of a rewritten answer was worked through: everything that came of it was handed out.
  virtual void on_attempt_rewrote() = 0;
  virtual void on_attempt_end(const http::FieldList* trailers) = 0;
  virtual void on_attempt_failed(Fault fault, const std::string& detail) = 0;
  /// The request's body may be sent on: at first, and after send_body answered false.
  virtual void on_attempt_writable() = 0;

 protected:
  ~AttemptOwner() = default;
};

/// How the bytes of an answer go from the backend to the client.
enum class Way : std::uint8_t {
  kRaw,        // forwarded; nobody looks
  kObserved,   // forwarded as received; a tee reads usage
  kRewritten,  // decoded and encoded again
};

/// The request of one exchange to one backend, and its answer.
///
///   kNew --start--> kConnecting --lease--> kAsking --head--> kAnswering --end--> kDone
///                        |  ^ next endpoint    | stale: once more
///                        +--+ <----------------+
///   from any: failure or timeout --> kFailed; cancel --> kCancelled
class Attempt final : private UpstreamEvents, private upstream::Waiter, private formats::ByteSink {
 public:
  /// All outlive the attempt.
  Attempt(Services& services, AttemptOwner& owner, const Request& request, base::Arena& arena);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() override;

  /// Prepares the request and asks for a connection.
  void start(Plan plan);
  /// Nobody wants the answer any more: the connection closes, no call follows.
  void cancel();

  /// Parts of a body that the exchange does not hold. Only after on_attempt_writable. False: wait
  /// for the next one.
  bool send_body(net::Slice data);
  void end_body(const http::FieldList* trailers);
  /// The backend still takes the request's body.
  [[nodiscard]] bool takes_body() const { return body_open_; }

  void pause_answer();
  void resume_answer();

  /// Ends a begun answer as broken: a stream gets its error event; otherwise nothing is written.
  void write_broken_end(const base::Error& error);

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const Prepared& prepared() const { return prepared_; }
  [[nodiscard]] Way way() const { return way_; }
  /// A connection failed before anything was sent: another backend may be tried at no risk.
  [[nodiscard]] bool never_sent() const { return never_sent_; }

  /// The backend had the request, and its answer was not waited for to the end.
  [[nodiscard]] bool timed_out() const { return timed_out_; }

  static constexpr std::size_t kMaxEndpointsTried = 3;

 private:
  enum class State : std::uint8_t {
    kNew,
    kConnecting,
    kAsking,
    kAnswering,
    kDone,
    kFailed,
    kCancelled,
  };

  // upstream::Waiter
  void on_lease(upstream::Lease lease) override;
  void on_acquire_failed(const upstream::AcquireError& error) override;
  // UpstreamEvents
  void on_informational(http::ResponseHead& head) override;
  void on_answer_head(http::ResponseHead& head) override;
  void on_answer_data(net::Slice data) override;
  void on_answer_trailers(http::FieldList& trailers) override;
  void on_answer_end() override;
  void on_upstream_failed(const UpstreamFailure& failure) override;
  void on_upstream_drained() override;
  // formats::ByteSink
  void write(std::string_view bytes) override { owner_.on_attempt_data(bytes); }

  void connect(bool fresh);
  void ask(upstream::Lease lease);
  void send_held_body();
  [[nodiscard]] Way choose_way(http::ResponseHead& head, base::Status& status);
  [[nodiscard]] bool may_repeat(const UpstreamFailure& failure) const;
  void fail(Fault fault, const std::string& detail);
  void touch_idle();
  void on_backend_timeout() { give_up(Fault::kBackendTimeout); }
  void on_idle_timeout() { give_up(Fault::kStreamIdle); }
  void give_up(Fault fault) {
    timed_out_ = !never_sent_;
    fail(fault, "");
  }
  void drop_connection();

  Services& services_;
  AttemptOwner& owner_;
  const Request& request_;
  base::Arena& arena_;
  Plan plan_;
  Prepared prepared_;
  State state_ = State::kNew;
  Way way_ = Way::kRaw;
  bool body_open_ = false;
  bool never_sent_ = true;
  bool timed_out_ = false;
  bool repeated_ = false;
  bool fresh_ = false;
  bool answer_paused_ = false;
  bool body_begun_ = false;  // a part of a streamed body went out: it cannot be sent again
  std::uint8_t tried_count_ = 0;
  std::array<std::size_t, kMaxEndpointsTried> tried_{};
  std::optional<upstream::AcquireError> last_error_;
  UpstreamSide* side_ = nullptr;
  const http::FieldList* trailers_ = nullptr;
  event::Timer backend_timer_ = event::Timer::of<&Attempt::on_backend_timeout>(*this);
  event::Timer idle_timer_ = event::Timer::of<&Attempt::on_idle_timeout>(*this);
};

}  // namespace tollgate::dataplane::exchange::attempt
