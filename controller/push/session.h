#pragma once

#include <memory>
#include <optional>
#include <string>

#include "controller/push/server.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/stream.h"
#include "dataplane/push/frame.h"

namespace tollgate::controller::push {

class Session;

/// The server as a session sees it. All calls happen on the server's loop.
class SessionOwner {
 public:
  using SetPtr = std::shared_ptr<const dataplane::snapshot::ResourceSet>;
  /// The newest set of a Gateway; null if there is none yet.
  virtual SetPtr newest(const std::string& gateway) = 0;
  /// A set of the Gateway that was published earlier; null if it is not known any more.
  virtual SetPtr find_set(const std::string& gateway, const std::string& revision) = 0;
  /// The session's `state()` has changed; it has sent a valid hello before.
  virtual void on_session_change(Session& session) = 0;
  /// The session is over: it is deleted after this turn.
  virtual void on_session_end(Session& session) = 0;
  /// Whether this replica leads.
  virtual bool leads() = 0;

 protected:
  ~SessionOwner() = default;
};

/// One connection of a proxy. A proxy takes pushes from one replica; to the others it says what it
/// holds and refuses in its reports.
///
///   HANDSHAKE -> (hello) -> IDLE -> (newer set) -> PUSHING -> (ack | nack) -> IDLE
///   a broken frame, a certificate of another Gateway, or silence ends it from any state
class Session final : public dataplane::event::Deferred, public dataplane::net::StreamHandler {
 public:
  Session(dataplane::event::Loop& loop, SessionOwner& owner);

  void attach(std::unique_ptr<dataplane::net::Stream> stream, dataplane::net::ConnectionSlot slot);
  [[nodiscard]] const std::string& gateway() const { return gateway_; }
  [[nodiscard]] const ProxyState& state() const { return state_; }
  /// Whether the proxy took its leave, as one does that is stopped; it is not missed then.
  [[nodiscard]] bool left() const { return left_; }
  /// Sends what the proxy lacks, if nothing is under way.
  void push_newest();
  /// Tells the proxy whether this replica leads.
  void send_role();
  void refuse(std::string_view why);
  void shut();

  void on_open(dataplane::net::Stream& stream) override;
  void on_data(dataplane::net::Stream& stream, dataplane::net::Slice data) override;
  void on_end(dataplane::net::Stream& stream, dataplane::net::StreamEnd end) override;
  void on_closed(dataplane::net::Stream& stream, const dataplane::base::Error& error) override;

 private:
  using Frame = dataplane::push::FrameDecoder::Frame;
  dataplane::base::Status on_frame(const Frame& frame);
  dataplane::base::Status on_hello(const std::string& payload);
  dataplane::base::Status on_ack(const std::string& payload);
  dataplane::base::Status on_nack(const std::string& payload);
  dataplane::base::Status on_report(const std::string& payload);
  void follow_report(dataplane::push::Report& report);
  void send_set(const SessionOwner::SetPtr& set);
  void on_silence();
  void finish(std::string_view why);

  dataplane::event::Loop& loop_;
  SessionOwner& owner_;
  std::unique_ptr<dataplane::net::Stream> stream_;
  dataplane::net::ConnectionSlot slot_;
  dataplane::push::FrameDecoder decoder_;
  std::string gateway_;  // empty before the hello
  ProxyState state_;
  std::string held_;     // what the proxy has, empty if nothing
  std::string pushing_;  // what is under way, empty if nothing
  std::string refused_;  // the newest revision that the proxy refused
  bool source_ = true;   // whether the proxy takes pushes from here
  bool roles_ = false;   // whether it wants to know who leads
  bool over_ = false;
  bool left_ = false;
  dataplane::event::Timer silence_ = dataplane::event::Timer::of<&Session::on_silence>(*this);
};

}  // namespace tollgate::controller::push
