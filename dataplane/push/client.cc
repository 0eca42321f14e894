#include "dataplane/push/client.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/event/loop.h"
#include "dataplane/push/frame.h"

namespace tollgate::dataplane::push {

namespace log = base::log;

class PushClient::Impl final : public net::StreamHandler {
 public:
  Impl(net::dial::Connector& connector, PushReceiver& receiver, PushClientOptions options)
      : connector_(connector),
        loop_(connector.io().loop),
        receiver_(receiver),
        options_(std::move(options)) {}

  ~Impl() {
    if (stream_ != nullptr) net::retire(std::move(stream_));
  }

  void connect();
  void report_soon();
  void set_source(bool source) {
    if (source == options_.source) return;
    options_.source = source;
    report_soon();
  }
  [[nodiscard]] bool connected() const { return stream_ != nullptr; }
  [[nodiscard]] bool leads() const { return leads_; }

  void on_data(net::Stream& stream, net::Slice data) override;
  void on_end(net::Stream& stream, net::StreamEnd end) override;
  void on_closed(net::Stream& stream, const base::Error& error) override;

 private:
  void on_dialled(net::dial::Outcome outcome);
  void on_retry() { connect(); }
  void on_report_due();
  void on_frame(const FrameDecoder::Frame& frame);
  void on_push(const std::string& payload);
  void on_outcome(std::uint64_t connection, const std::string& revision,
                  const PushOutcome& outcome);
  void send(FrameType type, std::string_view payload);
  void changed() {
    if (options_.on_change) options_.on_change();
  }
  void lose(std::string_view why);

  net::dial::Connector& connector_;
  event::Loop& loop_;
  PushReceiver& receiver_;
  PushClientOptions options_;
  net::tls::ClientContexts contexts_;
  net::dial::Dial dial_;
  std::unique_ptr<net::Stream> stream_;
  FrameDecoder decoder_{kFrameLimitBytes};
  /// Counts connections, so that an outcome of an earlier one is not sent on a later one.
  std::uint64_t connection_ = 0;
  std::chrono::milliseconds retry_delay_{kFirstRetry};
  /// Set after a mismatch: the next hello claims nothing and gets the whole set.
  bool claim_nothing_ = false;
  bool leads_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  event::Timer retry_ = event::Timer::of<&Impl::on_retry>(*this);
  event::Timer report_ = event::Timer::of<&Impl::on_report_due>(*this);
};

void PushClient::Impl::connect() {
  auto config = options_.tls();
  if (!config) {
    lose("certificates: " + config.error().detail);
    return;
  }
  auto context = contexts_.get(*config);
  if (!context) {
    lose("certificates: " + context.error().detail);
    return;
  }
  net::dial::Target target{options_.host, options_.port, std::move(*context)};
  dial_ = connector_.connect(target, net::dial::Timeouts{}, *this,
                             [this](auto outcome) { on_dialled(std::move(outcome)); });
}

void PushClient::Impl::on_dialled(net::dial::Outcome outcome) {
  dial_.cancel();
  if (outcome.stream == nullptr) {
    lose(outcome.error.detail);
    return;
  }
  stream_ = std::move(outcome.stream);
  decoder_ = FrameDecoder(kFrameLimitBytes);
  ++connection_;
  Hello hello;
  hello.capabilities = options_.capabilities;
  hello.instance = options_.instance;
  hello.gateway = options_.gateway;
  hello.version = options_.version;
  hello.source = options_.source;
  hello.roles = true;
  if (!claim_nothing_) hello.revision = receiver_.held_revision();
  claim_nothing_ = false;
  send(FrameType::kHello, encode(hello));
  on_report_due();
  changed();
}

void PushClient::Impl::report_soon() {
  if (stream_ == nullptr) return;
  Report report = receiver_.report();
  report.source = options_.source;
  send(FrameType::kReport, encode(report));
}

void PushClient::Impl::on_report_due() {
  report_soon();
  loop_.arm(report_, kReportInterval);
}

void PushClient::Impl::on_data(net::Stream&, net::Slice data) {
  std::string_view in = data.view();
  while (!in.empty() && stream_ != nullptr) {
    FrameDecoder::Frame frame{};
    const auto got = decoder_.next(in, frame);
    if (!got) {
      lose(got.error().detail);
      return;
    }
    if (*got) on_frame(frame);
  }
}

void PushClient::Impl::on_frame(const FrameDecoder::Frame& frame) {
  if (frame.type == FrameType::kPush) {
    on_push(frame.payload);
    return;
  }
  if (frame.type == FrameType::kRefuse) {
    const auto why = decode_refusal(frame.payload);
    lose("refused by the controller: " + (why ? *why : why.error().detail));
    return;
  }
  if (frame.type == FrameType::kRole) {
    const auto role = decode_role(frame.payload);
    if (!role) {
      lose(role.error().detail);
      return;
    }
    leads_ = role->leader;
    changed();
    return;
  }
  lose("a frame that only a proxy sends came from the controller");
}

void PushClient::Impl::on_push(const std::string& payload) {
  retry_delay_ = kFirstRetry;
  // Sent before the controller heard that another one is followed.
  if (!options_.source) return;
  auto delta = decode_delta(payload);
  if (!delta) {
    lose(delta.error().detail);
    return;
  }
  const std::string revision = delta->revision;
  receiver_.on_push(std::move(*delta),
                    [this, alive = std::weak_ptr<bool>(alive_), connection = connection_,
                     revision](const PushOutcome& outcome) {
                      if (!alive.expired()) on_outcome(connection, revision, outcome);
                    });
}

void PushClient::Impl::on_outcome(std::uint64_t connection, const std::string& revision,
                                  const PushOutcome& outcome) {
  if (stream_ == nullptr || connection != connection_) return;
  switch (outcome.kind) {
    case PushOutcome::Kind::kApplied:
      send(FrameType::kAck, encode(Ack{revision}));
      break;
    case PushOutcome::Kind::kRefused:
      send(FrameType::kNack, encode(Nack{revision, outcome.problems}));
      break;
    case PushOutcome::Kind::kMismatch:
      claim_nothing_ = true;
      lose("a push does not fit what is held; asking for the whole set");
      return;
  }
  report_soon();
}

void PushClient::Impl::send(FrameType type, std::string_view payload) {
  std::string out;
  append_frame(out, type, payload);
  stream_->write(out);
}

void PushClient::Impl::on_end(net::Stream&, net::StreamEnd) {
  lose("the controller closed the channel");
}

void PushClient::Impl::on_closed(net::Stream&, const base::Error& error) {
  lose(error.detail);
}

void PushClient::Impl::lose(std::string_view why) {
  log::warn("push channel: not connected",
            {{"controller", options_.host}, {"why", std::string(why)}});
  if (stream_ != nullptr) net::retire(std::move(stream_));
  leads_ = false;
  report_.cancel();
  loop_.arm(retry_, retry_delay_);
  retry_delay_ = std::min(retry_delay_ * 2, kLongestRetry);
  changed();
}

PushClient::PushClient(net::dial::Connector& connector, PushReceiver& receiver,
                       PushClientOptions options)
    : impl_(std::make_unique<Impl>(connector, receiver, std::move(options))) {}
PushClient::~PushClient() = default;

void PushClient::start() {
  impl_->connect();
}
void PushClient::report_soon() {
  impl_->report_soon();
}
void PushClient::set_source(bool source) {
  impl_->set_source(source);
}
bool PushClient::connected() const {
  return impl_->connected();
}
bool PushClient::leads() const {
  return impl_->leads();
}

}  // namespace tollgate::dataplane::push
