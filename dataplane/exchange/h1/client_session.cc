#include "dataplane/exchange/h1/client_session.h"

#include <utility>

#include "dataplane/exchange/attempt/request_id.h"
#include "dataplane/formats/errors.h"
#include "dataplane/http/h1/encoder.h"
#include "dataplane/net/tcp.h"

namespace tollgate::dataplane::exchange::h1 {

namespace codec = http::h1;

namespace {
constexpr std::string_view kJson = "application/json";
constexpr snapshot::ClientPolicy kStandardPolicy{};
}  // namespace

ClientSession::ClientSession(Services& services, ExchangePool& pool, SessionHost& host,
                             net::Accepted accepted, std::uint16_t bind_port)
    : services_(services),
      pool_(pool),
      host_(host),
      connection_slot_(std::move(accepted.slot)),
      peer_ip_(accepted.peer.ip_string()),
      facts_{peer_ip_, bind_port} {
  set_deadline(Deadline::kIdle);
  stream_ = net::make_tcp_stream(services.io, std::move(accepted.socket), accepted.peer, *this);
}

ClientSession::~ClientSession() {
  if (slot_) pool_.put(std::move(slot_));
}

const snapshot::ClientPolicy& ClientSession::policy() const {
  const snapshot::ListenerNode* listener = services_.config->router->port_default(facts_.bind_port);
  return listener == nullptr ? kStandardPolicy : listener->policy->value;
}

// --- bytes from the client -------------------------------------------------------------------

void ClientSession::on_data(net::Stream& /*stream*/, net::Slice data) {
  if (closing_) return;
  if (!may_read_on()) return keep(std::move(data));
  process(data);
}

bool ClientSession::may_read_on() const {
  return !request_complete_ && !request_paused_ && pending_.empty() &&
         (!answered_ || rest_is_awaited());
}

/// Leaves the rest until the exchange is over or wants more; what comes after stays in the kernel.
void ClientSession::keep(net::Slice rest) {
  if (rest.empty()) return;
  pending_ = std::move(rest);
  stream_->pause_read(net::kPauseBusy);
}

void ClientSession::process(const net::Slice& data) {
  std::string_view in = data.view();
  const char* const start = in.data();
  if (!slot_) slot_ = pool_.get();
  while (true) {
    const codec::RequestStep step = decoder_.feed(in, slot_->arena);
    in.remove_prefix(step.consumed);
    Exchange* const current = answered_ ? nullptr : exchange();
    switch (step.event) {
      case codec::Event::kNeedMore:
        if (exchange() == nullptr) {
          if (deadline_ != Deadline::kHead) set_deadline(Deadline::kHead);
        } else if (!answered_ || rest_is_awaited()) {
          set_deadline(Deadline::kBody);
        }
        return;
      case codec::Event::kHead:
        begin(*step.head);
        break;
      case codec::Event::kData:
        if (current != nullptr) {
          current->on_request_data(
              data.sub(static_cast<std::size_t>(step.data.data() - start), step.data.size()));
        }
        break;
      case codec::Event::kTrailers:
        trailers_ = step.trailers;
        break;
      case codec::Event::kMessageEnd:
        end_message(trailers_);
        return keep(data.sub(data.size() - in.size()));
      case codec::Event::kError:
        return refuse(step.error);
      case codec::Event::kInformational:
        return;
    }
    // After an early answer what is at hand is still read, for the message may end within it.
    if (request_paused_ && !answered_) return keep(data.sub(data.size() - in.size()));
  }
}

void ClientSession::begin(http::RequestHead& head) {
  set_deadline(Deadline::kNone);
  method_ = head.method;
  version_ = head.version;
  keep_alive_ = head.keep_alive;
  wants_continue_ = head.expect_continue;
  body_is_short_ =
      head.framing == http::Framing::kNone ||
      (head.framing == http::Framing::kLength && head.content_length <= kMaxDrainedBytes);
  trailers_ = nullptr;
  slot_->exchange.emplace(services_, static_cast<ClientSide&>(*this), facts_, slot_->arena);
  slot_->exchange->start(head);
}

void ClientSession::end_message(const http::FieldList* trailers) {
  request_complete_ = true;
  if (deadline_ == Deadline::kBody) set_deadline(Deadline::kNone);
  if (answered_) {
    services_.io.loop.run_soon(turn_over_);
  } else {
    exchange()->on_request_end(trailers);
  }
}

/// The bytes are not HTTP as we accept it: nothing after them can be trusted.
void ClientSession::refuse(const codec::DecodeError& error) {
  keep_alive_ = false;
  if (exchange() != nullptr) {
    if (answered_) {
      services_.io.loop.run_soon(turn_over_);
    } else {
      exchange()->on_request_broken(error.status, error.reason);
    }
    return;
  }
  http::ResponseHead* head = http::new_response_head(slot_->arena);
  const std::string body =
      formats::error_body(catalog::Dialect::kOpenAi, error.status, error.reason);
  head->status = error.status;
  head->framing = http::Framing::kLength;
  head->content_length = body.size();
  head->fields.add("content-type", kJson);
  const std::string_view id = attempt::new_request_id(services_.random, slot_->arena);
  attempt::name_request(id, head->fields);
  if (send_head(*head)) stream_->write(std::string_view(body));
  report_refusal(error.status, id);
  start_closing();
}

/// A request that never became an exchange is logged and counted too.
void ClientSession::report_refusal(int status, std::string_view id) {
  telemetry::Record record;
  record.started = services_.io.loop.wall_now();
  record.request_id = id;
  record.peer = peer_ip_;
  record.status = status;
  record.error = fault_info(status == 408 ? Fault::kClientTooSlow : Fault::kMalformedRequest).code;
  services_.sink.on_exchange(record);
}

/// The client sends no more. Whether it still reads is another question: answers that exist go out,
/// and a request that is complete is answered (docs/decisions/half-closed-clients.md).
void ClientSession::on_end(net::Stream& /*stream*/, net::StreamEnd end) {
  if (over_ || closing_) return;
  // TLS without a goodbye is no half-close.
  if (end == net::StreamEnd::kTruncated) return client_gone();
  keep_alive_ = false;
  Exchange* const current = exchange();
  if (current == nullptr) {
    if (decoder_.idle()) return start_closing();
    return refuse({400, "the connection ended within a request's head"});
  }
  if (answered_) {
    services_.io.loop.run_soon(turn_over_);
  } else if (request_complete_) {
    ask_who_waits();
  } else {
    current->on_request_broken(400, "the connection ended within the request's body");
  }
}

/// Its end comes after bytes that reading is paused for: on_end tells when they are read. A reset
/// leaves nobody to answer.
void ClientSession::on_hangup(net::Stream& stream) {
  if (over_ || closing_) return;
  if (stream.broken()) return client_gone();
  if (exchange() != nullptr && request_complete_ && !answered_) ask_who_waits();
}

/// A closed connection and a half-closed one look alike until something is sent: a client that has
/// left answers with a reset, which ends the exchange and what its backend does for nobody. Before
/// the answer that is an interim answer, which every HTTP/1.1 client skips (RFC 9110 15.2.1);
/// within a chunked one the first digit of the next chunk's size, which may begin with any number
/// of zeros (RFC 9112 7.1). HTTP/1.0 has neither: there only work that is paid for is ended.
void ClientSession::ask_who_waits() {
  if (version_ != http::Version::kHttp11) {
    if (exchange()->request().endpoint == nullptr) return;
    exchange()->on_client_gone();
    keep_alive_ = false;
    answered_ = true;
    services_.io.loop.run_soon(turn_over_);
  } else if (!head_sent_) {
    services_.scratch.clear();
    codec::write_informational(100, services_.scratch);
    stream_->write(std::string_view(services_.scratch));
  } else if (answer_framing_ == http::Framing::kChunked) {
    zero_ahead_ = true;
    stream_->write(std::string_view("0"));
  }
}

void ClientSession::on_closed(net::Stream& /*stream*/, const base::Error& error) {
  if (closing_ && error.code == base::Code::kTimeout) services_.sink.on_client_stalled();
  client_gone();
}

void ClientSession::client_gone() {
  if (over_) return;
  if (Exchange* current = exchange(); current != nullptr && !answered_) current->on_client_gone();
  over();
}

void ClientSession::over() {
  if (over_) return;
  over_ = true;
  timer_.cancel();
  sending_timer_.cancel();
  turn_over_.cancel();
  proceed_.cancel();
  stream_->close();
  host_.on_session_over(*this);
}

// --- the exchange's answer -------------------------------------------------------------------

void ClientSession::send_continue() {
  if (!wants_continue_ || version_ != http::Version::kHttp11) return;
  wants_continue_ = false;
  services_.scratch.clear();
  codec::write_informational(100, services_.scratch);
  stream_->write(std::string_view(services_.scratch));
}

void ClientSession::send_informational(http::ResponseHead& head) {
  if (version_ != http::Version::kHttp11) return;
  codec::ResponseContext context;
  context.request_method = method_;
  services_.scratch.clear();
  // A head that cannot be written exactly is left out: it is advice only.
  if (codec::write_response_head(head, context, services_.scratch)) {
    stream_->write(std::string_view(services_.scratch));
  }
}

base::Status ClientSession::send_head(http::ResponseHead& head) {
  const bool unknown_length =
      head.framing == http::Framing::kChunked || head.framing == http::Framing::kUntilClose;
  if (unknown_length) {
    head.framing =
        version_ == http::Version::kHttp11 ? http::Framing::kChunked : http::Framing::kUntilClose;
  }
  if (head.framing == http::Framing::kUntilClose) keep_alive_ = false;
  if (services_.draining || draining_) keep_alive_ = false;
  // What follows an answer that came before its request's end must be told from the next request
  // (RFC 9112 9.6). Who waits for 100 Continue may send its body or not.
  if (!request_complete_ && (!body_is_short_ || wants_continue_)) keep_alive_ = false;
  head.keep_alive = keep_alive_;
  codec::ResponseContext context;
  context.request_method = method_;
  context.client_version = version_;
  context.date = services_.date.at(services_.io.loop.wall_now());
  services_.scratch.clear();
  TRY(codec::write_response_head(head, context, services_.scratch));
  answer_framing_ = head.framing;
  head_sent_ = true;
  wrote(stream_->write(std::string_view(services_.scratch)));
  return {};
}

bool ClientSession::send_body(net::Slice data) {
  if (answer_framing_ != http::Framing::kChunked) return wrote(stream_->write(std::move(data)));
  stream_->write(codec::chunk_prefix(data.size()).view());
  stream_->write(std::move(data));
  return wrote(stream_->write(codec::kChunkTail));
}

bool ClientSession::send_body(std::string_view data) {
  if (answer_framing_ != http::Framing::kChunked) return wrote(stream_->write(data));
  stream_->write(codec::chunk_prefix(data.size()).view());
  stream_->write(data);
  return wrote(stream_->write(codec::kChunkTail));
}

bool ClientSession::wrote(bool below_mark) {
  if (!below_mark) {
    blocked_ = true;
    watch_sending();
  }
  return below_mark;
}

void ClientSession::on_drained(net::Stream& /*stream*/) {
  if (!std::exchange(blocked_, false)) return;
  Exchange* const current = exchange();
  if (current == nullptr) return next_request();
  if (!answered_) current->on_client_drained();
}

/// From now on the client has to take something of what waits for it now and then.
void ClientSession::watch_sending() {
  if (sending_timer_.armed()) return;
  progress_.advance(*stream_);
  moved_ = services_.io.loop.now();
  services_.io.loop.arm(sending_timer_, policy().idle_timeout / kSendingLooks);
}

void ClientSession::look_at_sending() {
  const base::MonotonicTime now = services_.io.loop.now();
  const std::chrono::milliseconds allowed = policy().idle_timeout;
  if (stream_->queued_bytes() == 0) {
    if (idle() && deadline_ == Deadline::kNone) set_deadline(Deadline::kIdle);
    return;
  }
  if (progress_.advance(*stream_)) {
    moved_ = now;
  } else if (now - moved_ >= allowed) {
    return cut_off();
  }
  services_.io.loop.arm(sending_timer_, allowed / kSendingLooks);
}

/// With a reset: what the client has of the answer must not look whole.
void ClientSession::cut_off() {
  services_.sink.on_client_stalled();
  if (Exchange* current = exchange(); current != nullptr && !answered_) current->on_client_gone();
  stream_->abort();
  over();
}

void ClientSession::send_end(const http::FieldList* trailers) {
  if (answer_framing_ == http::Framing::kChunked) {
    services_.scratch.clear();
    if (trailers != nullptr && codec::append_last_chunk(services_.scratch, *trailers)) {
      stream_->write(std::string_view(services_.scratch));
    } else {
      stream_->write(codec::kLastChunk);
    }
  }
  answered_ = true;
  services_.io.loop.run_soon(turn_over_);
}

void ClientSession::send_cut() {
  answered_ = true;
  cut_ = true;
  services_.io.loop.run_soon(turn_over_);
}

void ClientSession::pause_request() {
  if (request_paused_) return;
  request_paused_ = true;
  stream_->pause_read(net::kPauseBackPressure);
  if (deadline_ == Deadline::kBody) set_deadline(Deadline::kNone);
}

void ClientSession::resume_request() {
  if (!request_paused_) return;
  request_paused_ = false;
  stream_->resume_read(net::kPauseBackPressure);
  if (!pending_.empty()) services_.io.loop.run_soon(proceed_);
}

// --- between requests ------------------------------------------------------------------------

/// Runs after everything of the finished exchange has left the stack.
void ClientSession::turn_over() {
  if (over_ || closing_) return;
  if (rest_is_awaited() && !request_complete_) return await_rest();
  slot_->exchange.reset();
  slot_->arena.reset();
  const bool next = keep_alive_ && !cut_ && request_complete_ && !services_.draining && !draining_;
  if (!next) return start_closing();
  request_complete_ = false;
  answered_ = false;
  head_sent_ = false;
  request_paused_ = false;
  answer_framing_ = http::Framing::kNone;
  method_ = {};
  next_request();
}

/// The answer is out before the short rest of its request: that is read and dropped.
void ClientSession::await_rest() {
  request_paused_ = false;
  set_deadline(Deadline::kBody);
  stream_->resume_read(net::kPauseBusy | net::kPauseBackPressure);
  if (!pending_.empty()) proceed();
}

/// A client that sends requests and takes no answers makes no more of them: what it sends waits
/// until the queue has gone down.
void ClientSession::next_request() {
  if (closing_) return;
  if (blocked_) return stream_->pause_read(net::kPauseBackPressure);
  if (!pending_.empty()) return proceed();
  if (slot_) pool_.put(std::move(slot_));
  if (draining_) return start_closing();
  stream_->resume_read(net::kPauseBusy | net::kPauseBackPressure);
  if (stream_->queued_bytes() > 0) {
    watch_sending();  // the client is idle once it has its answer
  } else {
    set_deadline(Deadline::kIdle);
  }
}

/// Goes on with what was read before.
void ClientSession::proceed() {
  if (over_ || closing_ || request_paused_ || pending_.empty()) return;
  net::Slice data = std::exchange(pending_, net::Slice());
  stream_->resume_read(net::kPauseBusy | net::kPauseBackPressure);
  process(data);
}

void ClientSession::start_closing() {
  closing_ = true;
  pending_ = {};
  timer_.cancel();
  sending_timer_.cancel();  // closing has its own
  // An answer that lasts until close has no other sign of being broken than a reset, and a zero
  // that nothing follows could be taken for the last chunk.
  if (cut_ && (answer_framing_ == http::Framing::kUntilClose || zero_ahead_)) {
    stream_->flush();
    stream_->abort();
    return over();
  }
  if (slot_ && exchange() == nullptr) pool_.put(std::move(slot_));
  stream_->close_gracefully(kLinger, policy().idle_timeout);
}

void ClientSession::drain() {
  draining_ = true;
  if (idle() && !closing_) start_closing();
}

void ClientSession::set_deadline(Deadline what) {
  deadline_ = what;
  switch (what) {
    case Deadline::kNone:
      timer_.cancel();
      return;
    case Deadline::kHead:
      return services_.io.loop.arm(timer_, policy().request_head_timeout);
    case Deadline::kIdle:
    case Deadline::kBody:
      return services_.io.loop.arm(timer_, policy().idle_timeout);
  }
}

void ClientSession::on_deadline() {
  switch (std::exchange(deadline_, Deadline::kNone)) {
    case Deadline::kNone:
      return;
    case Deadline::kIdle:
      return start_closing();
    case Deadline::kHead:
      return refuse({408, "the request head did not arrive within the time allowed"});
    case Deadline::kBody:
      keep_alive_ = false;
      if (answered_) return turn_over();
      if (Exchange* current = exchange(); current != nullptr) current->on_client_too_slow();
      return;
  }
}

}  // namespace tollgate::dataplane::exchange::h1
