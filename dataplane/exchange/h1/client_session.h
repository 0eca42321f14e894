#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/event/list.h"
#include "dataplane/event/task.h"
#include "dataplane/event/timer.h"
#include "dataplane/exchange/exchange_pool.h"
#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::exchange::h1 {

class ClientSession;

/// Who owns the sessions of a worker.
class SessionHost {
 public:
  /// The connection is over; the host takes the session out of its list and deletes it at the end
  /// of the turn.
  virtual void on_session_over(ClientSession& session) = 0;

 protected:
  ~SessionHost() = default;
};

/// HTTP/1.1 with one client: requests one after another, each as an Exchange. What a client sends
/// ahead is left in the kernel once one read of it is at hand.
///
///   idle --first byte--> head --complete--> exchange under way --both ends--> idle
///                                                  |
///                                                  +-- not clean --> closing
class ClientSession final : public event::Deferred,
                            public event::ListNode,
                            private net::StreamHandler,
                            private ClientSide {
 public:
  ClientSession(Services& services, ExchangePool& pool, SessionHost& host, net::Accepted accepted,
                std::uint16_t bind_port);
  ~ClientSession() override;

  /// Ends the connection as soon as that breaks nothing: now if idle, else after this answer.
  void drain();
  [[nodiscard]] std::uint16_t bind_port() const { return facts_.bind_port; }
  [[nodiscard]] bool idle() const { return slot_ == nullptr; }
  /// What waits here for the client to take it.
  [[nodiscard]] std::size_t unsent_bytes() const { return stream_->queued_bytes(); }

  /// How long what a client still sends is read and dropped after our last byte.
  static constexpr std::chrono::milliseconds kLinger{1000};
  /// A client that takes nothing of what waits for it is reset after the policy's idle_timeout; it
  /// is looked after this often within that time.
  static constexpr int kSendingLooks = 10;
  /// A request body up to here is read to its end when the answer came before it, so that the
  /// connection can go on; with a longer one it is closed, and the answer says so.
  static constexpr std::uint64_t kMaxDrainedBytes = 64U << 10U;

 private:
  /// What the client has to send in time. What it has to take is watched by sending_timer_.
  enum class Deadline : std::uint8_t { kNone, kIdle, kHead, kBody };

  // net::StreamHandler
  void on_data(net::Stream& stream, net::Slice data) override;
  void on_end(net::Stream& stream, net::StreamEnd end) override;
  void on_drained(net::Stream& stream) override;
  void on_hangup(net::Stream& stream) override;
  void on_closed(net::Stream& stream, const base::Error& error) override;
  // ClientSide
  void send_continue() override;
  void send_informational(http::ResponseHead& head) override;
  base::Status send_head(http::ResponseHead& head) override;
  bool send_body(net::Slice data) override;
  bool send_body(std::string_view data) override;
  void send_end(const http::FieldList* trailers) override;
  void send_cut() override;
  void pause_request() override;
  void resume_request() override;

  void process(const net::Slice& data);
  [[nodiscard]] bool may_read_on() const;
  [[nodiscard]] bool rest_is_awaited() const { return answered_ && keep_alive_ && !cut_; }
  void begin(http::RequestHead& head);
  void end_message(const http::FieldList* trailers);
  void refuse(const http::h1::DecodeError& error);
  void report_refusal(int status, std::string_view id);
  void keep(net::Slice rest);
  void turn_over();
  void await_rest();
  void next_request();
  void proceed();
  void start_closing();
  void ask_who_waits();
  void client_gone();
  void over();
  bool wrote(bool below_mark);
  void watch_sending();
  void look_at_sending();
  void cut_off();
  void set_deadline(Deadline what);
  void on_deadline();
  [[nodiscard]] const snapshot::ClientPolicy& policy() const;
  [[nodiscard]] Exchange* exchange() {
    return slot_ && slot_->exchange ? &*slot_->exchange : nullptr;
  }

  Services& services_;
  ExchangePool& pool_;
  SessionHost& host_;
  net::ConnectionSlot connection_slot_;
  std::string peer_ip_;
  ConnectionFacts facts_;
  http::h1::RequestDecoder decoder_;
  std::unique_ptr<ExchangeSlot> slot_;
  net::Slice pending_;  // read, not yet given to the decoder
  // Of the request under way; texts in the slot's arena.
  std::string_view method_;
  const http::FieldList* trailers_ = nullptr;
  http::Version version_ = http::Version::kHttp11;
  http::Framing answer_framing_ = http::Framing::kNone;
  Deadline deadline_ = Deadline::kNone;
  bool wants_continue_ = false;
  bool request_complete_ = false;
  bool body_is_short_ = false;  // by its declared length, at most kMaxDrainedBytes
  bool request_paused_ = false;
  bool keep_alive_ = true;
  bool head_sent_ = false;   // of the answer
  bool answered_ = false;    // send_end or send_cut was called
  bool zero_ahead_ = false;  // see ask_who_waits
  bool cut_ = false;
  bool closing_ = false;
  bool draining_ = false;
  bool over_ = false;
  bool blocked_ = false;  // the queue is above its mark
  net::SendProgress progress_;
  base::MonotonicTime moved_;  // when the client last took something, while that is watched
  event::Timer sending_timer_ = event::Timer::of<&ClientSession::look_at_sending>(*this);
  event::Timer timer_ = event::Timer::of<&ClientSession::on_deadline>(*this);
  event::Job turn_over_ = event::Job::of<&ClientSession::turn_over>(*this);
  event::Job proceed_ = event::Job::of<&ClientSession::proceed>(*this);
  std::unique_ptr<net::Stream> stream_;
};

}  // namespace tollgate::dataplane::exchange::h1
