#include "dataplane/http/h1/response_decoder.h"

#include <cassert>

#include "dataplane/base/text.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/h1/head_fields.h"
#include "dataplane/http/method.h"
#include "dataplane/http/status.h"

namespace tollgate::dataplane::http::h1 {

namespace {

constexpr int kBadGateway = 502;
constexpr int kSwitchingProtocols = 101;
constexpr DecodeError kOk{};

DecodeError refused(std::string_view reason) {
  return {kBadGateway, reason};
}

/// "HTTP/1.1 200 OK"; the space after the code may be missing if there is no reason, which many
/// servers send.
DecodeError parse_status_line(std::string_view line, ResponseHead& head) {
  constexpr std::size_t kVersionSize = 8;
  constexpr std::size_t kCodeEnd = 12;
  const std::string_view version = line.substr(0, kVersionSize);
  if (version == "HTTP/1.1") {
    head.version = Version::kHttp11;
  } else if (version == "HTTP/1.0") {
    head.version = Version::kHttp10;
  } else {
    return refused("malformed status line");
  }
  if (line.size() < kCodeEnd || line[kVersionSize] != ' ') return refused("malformed status line");
  head.status = 0;
  for (const char c : line.substr(kVersionSize + 1, 3)) {
    if (!is_class(c, kDigitChar)) return refused("malformed status code");
    head.status = head.status * 10 + (c - '0');
  }
  if (head.status < 100 || head.status > 599) return refused("status code out of range");
  if (line.size() == kCodeEnd) return kOk;
  if (line[kCodeEnd] != ' ') return refused("malformed status code");
  head.reason = trim_ows(line.substr(kCodeEnd + 1));
  return kOk;
}

/// RFC 9112 6.3 for a response whose status and method allow a body.
DecodeError apply_body_framing(const HeadFacts& facts, const Limits& limits, ResponseHead& head) {
  if (facts.codings > 0) {
    if (facts.lengths > 0) return refused("Transfer-Encoding and Content-Length");
    if (head.version == Version::kHttp10) return refused("Transfer-Encoding in HTTP/1.0");
    if (!base::equals_ignore_case(facts.coding, "chunked")) {
      return refused("transfer coding not supported");
    }
    head.framing = Framing::kChunked;
  } else if (facts.lengths > 0) {
    head.framing = Framing::kLength;
    head.content_length = facts.length;
    if (facts.length > limits.body_bytes) return refused("body larger than allowed");
  } else {
    head.framing = Framing::kUntilClose;
    head.keep_alive = false;
  }
  return kOk;
}

/// A server that announces a body where there is none may send it all the same: such a connection
/// is not used again. Content-Length is normal for HEAD and 304.
void apply_no_body(const HeadFacts& facts, bool head_request, ResponseHead& head) {
  head.framing = Framing::kNone;
  const bool describes = head_request || head.status == 304;
  if (facts.lengths > 0 && describes) head.declared_length = facts.length;
  const bool odd_length = facts.lengths > 0 && facts.length > 0 && !describes;
  const bool odd_coding = facts.codings > 0 && !describes;
  if (odd_length || odd_coding || (facts.lengths > 0 && facts.codings > 0)) head.keep_alive = false;
}

}  // namespace

Limits ResponseDecoder::default_limits() {
  Limits limits;
  limits.chunk_overhead_bytes = 1U << 20U;
  return limits;
}

void ResponseDecoder::start(std::string_view method, bool upgrade) {
  assert(state_ == State::kIdle || state_ == State::kFailed);
  if (state_ != State::kIdle) return;
  state_ = State::kHead;
  head_request_ = method == kHead;
  connect_request_ = method == kConnect;
  upgrade_request_ = upgrade;
  informational_ = 0;
  touched_ = false;
  tunnel_follows_ = false;
  keep_alive_ = true;
  body_.start(Framing::kNone, 0, limits_);
}

ResponseStep ResponseDecoder::fail(std::string_view reason) {
  state_ = State::kFailed;
  error_ = refused(reason);
  gatherer_.release();
  ResponseStep step;
  step.event = Event::kError;
  step.error = error_;
  return step;
}

ResponseStep ResponseDecoder::feed(std::string_view in, base::Arena& arena) {
  switch (state_) {
    case State::kIdle:
      if (in.empty()) return {};
      return fail("bytes without a request");
    case State::kHead:
      return feed_head(in, arena);
    case State::kBody:
      return feed_body(in, arena);
    case State::kTunnel:
      return {};
    case State::kFailed:
      break;
  }
  return fail(error_.reason);
}

AtEof ResponseDecoder::at_eof() {
  switch (state_) {
    case State::kIdle:
    case State::kTunnel:
      return AtEof::kClean;
    case State::kBody:
      if (!body_.until_close()) return AtEof::kTruncated;
      state_ = State::kIdle;
      return AtEof::kMessageEnd;
    default:
      return AtEof::kTruncated;
  }
}

ResponseStep ResponseDecoder::feed_head(std::string_view in, base::Arena& arena) {
  if (in.empty()) return {};
  touched_ = true;
  if (gatherer_.idle() && in[0] != 'H') return fail("no HTTP response");
  const HeadGatherer::Limits bounds{limits_.head_bytes, limits_.start_line_bytes,
                                    limits_.field_line_bytes, kBadGateway};
  const HeadGatherer::Step step = gatherer_.feed(in, bounds);
  if (step.what == HeadGatherer::What::kError) return fail(step.error.reason);
  if (step.what == HeadGatherer::What::kComplete) return parse(step.text, step.consumed, arena);
  ResponseStep more;
  more.consumed = in.size();
  return more;
}

ResponseStep ResponseDecoder::parse(std::string_view text, std::size_t consumed,
                                    base::Arena& arena) {
  ResponseHead* head = new_response_head(arena);
  std::string_view rest = arena.copy(text);
  gatherer_.release();
  std::string_view line;
  DecodeError error = take_line(rest, limits_.start_line_bytes, kBadGateway, line);
  if (error.status != 0) return fail(error.reason);
  error = parse_status_line(line, *head);
  if (error.status != 0) return fail(error.reason);
  HeadFacts facts;
  error = parse_fields(rest, Peer::kServer, limits_, head->fields, facts);
  if (error.status != 0) return fail(error.reason);
  head->keep_alive = !facts.close && (head->version == Version::kHttp11 || facts.keep_alive);
  ResponseStep step;
  step.consumed = consumed;
  step.head = head;
  if (is_informational(head->status) && head->status != kSwitchingProtocols) {
    if (++informational_ > limits_.informational_heads) return fail("too many 1xx responses");
    apply_no_body(facts, false, *head);
    keep_alive_ = keep_alive_ && head->keep_alive;
    step.event = Event::kInformational;
    return step;
  }
  if (head->status == kSwitchingProtocols && !upgrade_request_) return fail("101 not asked for");
  tunnel_follows_ =
      head->status == kSwitchingProtocols || (connect_request_ && is_success(head->status));
  const bool has_body =
      !head_request_ && !tunnel_follows_ && head->status != 204 && head->status != 304;
  if (has_body) {
    error = apply_body_framing(facts, limits_, *head);
    if (error.status != 0) return fail(error.reason);
  } else {
    apply_no_body(facts, head_request_, *head);
  }
  keep_alive_ = keep_alive_ && head->keep_alive && !tunnel_follows_;
  body_.start(head->framing, head->content_length, limits_);
  state_ = State::kBody;
  step.event = Event::kHead;
  return step;
}

ResponseStep ResponseDecoder::feed_body(std::string_view in, base::Arena& arena) {
  const BodyDecoder::Step body = body_.feed(in, limits_, arena);
  if (body.event == Event::kError) return fail(body.error.reason);
  if (body.event == Event::kMessageEnd) state_ = tunnel_follows_ ? State::kTunnel : State::kIdle;
  ResponseStep step;
  step.event = body.event;
  step.consumed = body.consumed;
  step.data = body.data;
  step.trailers = body.trailers;
  return step;
}

}  // namespace tollgate::dataplane::http::h1
