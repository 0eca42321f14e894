#include "controller/push/session.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/pki/certificates.h"

namespace tollgate::controller::push {

namespace base = dataplane::base;
namespace net = dataplane::net;
namespace wire = dataplane::push;
namespace snapshot = dataplane::snapshot;

namespace {

constexpr std::chrono::milliseconds kLinger{1'000};

base::Error refuse_proxy(std::string why) {
  return base::client_error(base::Code::kPermissionDenied, std::move(why));
}

/// "NS/NAME" is what the certificate of the peer names.
bool certified(const net::Stream& stream, const std::string& gateway) {
  const auto info = stream.tls_info();
  const std::size_t slash = gateway.find('/');
  if (!info || !info->peer_verified || slash == std::string::npos) return false;
  const std::string wanted = dataplane::pki::gateway_uri(
      std::string_view(gateway).substr(0, slash), std::string_view(gateway).substr(slash + 1));
  return std::find(info->peer_uris.begin(), info->peer_uris.end(), wanted) != info->peer_uris.end();
}

}  // namespace

Session::Session(dataplane::event::Loop& loop, SessionOwner& owner)
    : loop_(loop), owner_(owner), decoder_(wire::kProxyFrameLimitBytes) {
  loop_.arm(silence_, PushServer::kSilenceLimit);
}

void Session::attach(std::unique_ptr<net::Stream> stream, net::ConnectionSlot slot) {
  stream_ = std::move(stream);
  slot_ = std::move(slot);
}

void Session::on_open(net::Stream&) {
  loop_.arm(silence_, PushServer::kSilenceLimit);
}

void Session::on_data(net::Stream&, net::Slice data) {
  std::string_view in = data.view();
  while (!in.empty() && !over_) {
    Frame frame{};
    const auto got = decoder_.next(in, frame);
    if (!got) {
      refuse(got.error().detail);
      return;
    }
    if (!*got) continue;
    loop_.arm(silence_, PushServer::kSilenceLimit);
    const base::Status taken = on_frame(frame);
    if (!taken) {
      refuse(taken.error().detail);
      return;
    }
  }
}

base::Status Session::on_frame(const Frame& frame) {
  if (gateway_.empty() != (frame.type == wire::FrameType::kHello)) {
    return refuse_proxy("the first message must be a hello, and only the first");
  }
  switch (frame.type) {
    case wire::FrameType::kHello:
      return on_hello(frame.payload);
    case wire::FrameType::kAck:
      return on_ack(frame.payload);
    case wire::FrameType::kNack:
      return on_nack(frame.payload);
    case wire::FrameType::kReport:
      return on_report(frame.payload);
    case wire::FrameType::kPush:
    case wire::FrameType::kRefuse:
    case wire::FrameType::kRole:
      break;
  }
  return refuse_proxy("a frame that only the controller sends came from a proxy");
}

base::Status Session::on_hello(const std::string& payload) {
  TRY_ASSIGN(wire::Hello hello, wire::decode_hello(payload));
  if (!certified(*stream_, hello.gateway)) {
    return refuse_proxy("the certificate does not name Gateway " + hello.gateway);
  }
  if (hello.schema < snapshot::kSchemaVersion) {
    return refuse_proxy("the proxy reads snapshot schema " + std::to_string(hello.schema) +
                        ", this controller writes " + std::to_string(snapshot::kSchemaVersion));
  }
  gateway_ = std::move(hello.gateway);
  held_ = std::move(hello.revision);
  state_.instance = std::move(hello.instance);
  state_.version = std::move(hello.version);
  state_.capabilities = std::move(hello.capabilities);
  state_.connected = true;
  base::log::info("proxy connected", {{"gateway", gateway_}, {"instance", state_.instance}});
  // What it holds is served already: a proxy that outlived the controller counts at once.
  state_.acked_revision = held_;
  source_ = hello.source;
  roles_ = hello.roles;
  send_role();
  owner_.on_session_change(*this);
  push_newest();
  return {};
}

void Session::send_role() {
  if (over_ || gateway_.empty() || !roles_) return;
  std::string out;
  wire::append_frame(out, wire::FrameType::kRole, wire::encode(wire::Role{owner_.leads()}));
  stream_->write(out);
}

void Session::push_newest() {
  if (over_ || gateway_.empty() || !source_ || !pushing_.empty()) return;
  const SessionOwner::SetPtr set = owner_.newest(gateway_);
  if (set == nullptr) return;
  const std::string revision = set->revision();
  if (revision == held_ || revision == refused_) return;
  send_set(set);
}

void Session::send_set(const SessionOwner::SetPtr& set) {
  const SessionOwner::SetPtr from = held_.empty() ? nullptr : owner_.find_set(gateway_, held_);
  const snapshot::ResourceSet nothing;
  snapshot::Delta delta = snapshot::diff(from == nullptr ? nothing : *from, *set);
  if (from == nullptr) delta.base.clear();
  pushing_ = delta.revision;
  std::string out;
  wire::append_frame(out, wire::FrameType::kPush, wire::encode(delta));
  stream_->write(out);
}

base::Status Session::on_ack(const std::string& payload) {
  TRY_ASSIGN(wire::Ack ack, wire::decode_ack(payload));
  if (!source_) return {};  // follow_report says what it holds
  // Twice, where a proxy left us and came back while a push was on its way.
  if (ack.revision == held_) return {};
  if (ack.revision != pushing_) return refuse_proxy("an acknowledgement of what was not pushed");
  held_ = std::exchange(pushing_, {});
  state_.acked_revision = held_;
  state_.problems.clear();
  state_.refused_revision.clear();
  refused_.clear();
  owner_.on_session_change(*this);
  push_newest();
  return {};
}

base::Status Session::on_nack(const std::string& payload) {
  TRY_ASSIGN(wire::Nack nack, wire::decode_nack(payload));
  if (!source_) return {};
  if (nack.revision != pushing_) return refuse_proxy("a refusal of what was not pushed");
  refused_ = std::exchange(pushing_, {});
  state_.problems = std::move(nack.problems);
  state_.refused_revision = refused_;
  base::log::warn("proxy refused a push", {{"gateway", gateway_},
                                           {"instance", state_.instance},
                                           {"revision", refused_},
                                           {"resources", std::to_string(state_.problems.size())}});
  owner_.on_session_change(*this);
  push_newest();
  return {};
}

base::Status Session::on_report(const std::string& payload) {
  TRY_ASSIGN(wire::Report report, wire::decode_report(payload));
  const ProxyState before = state_;
  state_.ready = report.ready;
  state_.credentials = std::move(report.credentials);
  follow_report(report);
  if (!(before == state_)) owner_.on_session_change(*this);
  push_newest();
  return {};
}

/// What a proxy holds that takes, or just now took, its pushes from another replica.
void Session::follow_report(wire::Report& report) {
  const bool was = std::exchange(source_, report.source);
  if (was && source_) return;
  pushing_.clear();
  held_ = std::move(report.revision);
  state_.acked_revision = held_;
  refused_ = report.refused_revision;
  state_.refused_revision = std::move(report.refused_revision);
  state_.problems = std::move(report.problems);
}

void Session::refuse(std::string_view why) {
  if (over_) return;
  std::string out;
  wire::append_frame(out, wire::FrameType::kRefuse, wire::encode_refusal(why));
  stream_->write(out);
  stream_->flush();
  finish(why);
}

void Session::on_end(net::Stream&, net::StreamEnd end) {
  left_ = end == net::StreamEnd::kClean;
  finish("closed by the proxy");
}
void Session::on_closed(net::Stream&, const base::Error& error) {
  finish(error.detail);
}
void Session::on_silence() {
  finish("silent");
}

void Session::finish(std::string_view why) {
  if (over_) return;
  base::log::info(
      "proxy disconnected",
      {{"gateway", gateway_}, {"instance", state_.instance}, {"why", std::string(why)}});
  shut();
  owner_.on_session_end(*this);
}

void Session::shut() {
  over_ = true;
  silence_.cancel();
  slot_.reset();
  state_.connected = false;
  state_.ready = false;
  if (stream_ != nullptr && !stream_->closed()) stream_->close_gracefully(kLinger);
}

}  // namespace tollgate::controller::push
