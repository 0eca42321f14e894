#include "dataplane/http/h1/request_decoder.h"

#include <algorithm>

#include "dataplane/base/text.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/h1/head_fields.h"
#include "dataplane/http/method.h"

namespace tollgate::dataplane::http::h1 {

namespace {

constexpr std::string_view kEmptyLine = "\r\n";
constexpr DecodeError kOk{};

bool all_target_chars(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_class(c, kTargetChar); });
}

DecodeError parse_version(std::string_view text, Version& version) {
  constexpr std::string_view kPrefix = "HTTP/";
  constexpr std::size_t kSize = 8;
  if (text == "HTTP/1.1") {
    version = Version::kHttp11;
    return kOk;
  }
  if (text == "HTTP/1.0") {
    version = Version::kHttp10;
    return kOk;
  }
  const bool well_formed = text.size() == kSize && text.substr(0, kPrefix.size()) == kPrefix &&
                           is_class(text[5], kDigitChar) && text[6] == '.' &&
                           is_class(text[7], kDigitChar);
  if (well_formed) return {505, "HTTP version not supported"};
  return {400, "malformed HTTP version"};
}

void split_path(std::string_view path_and_query, RequestHead& head) {
  const std::size_t mark = path_and_query.find('?');
  head.path = path_and_query.substr(0, mark);
  head.has_query = mark != std::string_view::npos;
  if (head.has_query) head.query = path_and_query.substr(mark + 1);
}

/// "http://host[:port][/path][?query]" (RFC 9112 3.2.2).
DecodeError parse_absolute(RequestHead& head) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t scheme_end = head.target.find(kSeparator);
  if (scheme_end == std::string_view::npos) return {400, "invalid request target"};
  head.scheme = head.target.substr(0, scheme_end);
  if (!base::equals_ignore_case(head.scheme, "http") &&
      !base::equals_ignore_case(head.scheme, "https")) {
    return {400, "scheme not served"};
  }
  const std::string_view rest = head.target.substr(scheme_end + kSeparator.size());
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  head.authority = rest.substr(0, authority_end);
  if (!parse_authority(head.authority)) return {400, "invalid authority in the request target"};
  head.form = TargetForm::kAbsolute;
  split_path(rest.substr(authority_end), head);
  if (!head.path.empty()) return kOk;
  if (head.method == kOptions && !head.has_query) {  // RFC 9112 3.2.4
    head.form = TargetForm::kAsterisk;
    head.path = "*";
  } else {
    head.path = "/";
  }
  return kOk;
}

DecodeError parse_target(RequestHead& head) {
  if (head.method == kConnect) {
    const auto authority = parse_authority(head.target);
    if (!authority || authority->port.empty()) return {400, "CONNECT without host and port"};
    head.form = TargetForm::kAuthority;
    head.authority = head.target;
    return kOk;
  }
  if (head.target.front() == '/') {
    head.form = TargetForm::kOrigin;
    split_path(head.target, head);
    return kOk;
  }
  if (head.target == "*") {
    if (head.method != kOptions) return {400, "asterisk form without OPTIONS"};
    head.form = TargetForm::kAsterisk;
    head.path = "*";
    return kOk;
  }
  return parse_absolute(head);
}

DecodeError parse_request_line(std::string_view line, RequestHead& head) {
  constexpr std::size_t kMaxMethodBytes = 32;
  std::size_t method_end = 0;
  while (method_end < line.size() && is_class(line[method_end], kTokenChar)) ++method_end;
  if (method_end == 0 || method_end == line.size() || line[method_end] != ' ') {
    return {400, "malformed request line"};
  }
  if (method_end > kMaxMethodBytes) return {501, "method too long"};
  head.method = line.substr(0, method_end);
  const std::string_view rest = line.substr(method_end + 1);
  const std::size_t target_end = rest.find(' ');
  if (target_end == 0 || target_end == std::string_view::npos) {
    return {400, "malformed request line"};
  }
  head.target = rest.substr(0, target_end);
  const DecodeError version = parse_version(rest.substr(target_end + 1), head.version);
  if (version.status != 0) return version;
  if (!all_target_chars(head.target)) return {400, "character not allowed in the request target"};
  return parse_target(head);
}

/// Host (RFC 9112 3.2); an absolute or authority form's own authority wins over it.
DecodeError apply_host(const HeadFacts& facts, RequestHead& head) {
  if (facts.hosts > 1) return {400, "repeated Host"};
  if (facts.hosts == 0) {
    if (head.version == Version::kHttp11) return {400, "missing Host"};
    return kOk;
  }
  if (!parse_authority(facts.host)) return {400, "invalid Host"};
  if (head.authority.empty()) head.authority = facts.host;
  return kOk;
}

/// One transfer coding, `chunked` alone, or a refusal (RFC 9112 6.1).
DecodeError check_coding(std::string_view coding) {
  if (base::equals_ignore_case(coding, "chunked")) return kOk;
  ListIterator codings(coding);
  std::string_view last;
  while (codings.next(last)) {
    if (!is_token(last)) return {400, "malformed Transfer-Encoding"};
  }
  const bool chunked_last = base::equals_ignore_case(last, "chunked");
  const bool chunked_first = base::equals_ignore_case(coding.substr(0, 7), "chunked");
  if (last.empty() || !chunked_last || chunked_first) return {400, "invalid Transfer-Encoding"};
  return {501, "transfer coding not supported"};
}

DecodeError apply_framing(const HeadFacts& facts, const Limits& limits, RequestHead& head) {
  if (facts.codings > 0) {
    if (facts.lengths > 0) return {400, "Transfer-Encoding and Content-Length"};
    if (head.version == Version::kHttp10) return {400, "Transfer-Encoding in HTTP/1.0"};
    const DecodeError error = check_coding(facts.coding);
    if (error.status != 0) return error;
    head.framing = Framing::kChunked;
  } else if (facts.lengths > 0) {
    head.framing = Framing::kLength;
    head.content_length = facts.length;
    if (facts.length > limits.body_bytes) return {413, "body larger than allowed"};
  }
  const bool has_body = head.framing == Framing::kChunked || head.content_length > 0;
  if (has_body && (head.method == kConnect || head.method == kTrace)) {
    return {400, "body in a request that cannot have one"};
  }
  return kOk;
}

DecodeError apply_expectation(const HeadFacts& facts, RequestHead& head) {
  // A server of HTTP/1.0 clients ignores the field (RFC 9110 10.1.1).
  if (facts.expectations == 0 || head.version == Version::kHttp10) return kOk;
  if (facts.expectations > 1 || !base::equals_ignore_case(facts.expectation, "100-continue")) {
    return {417, "unknown expectation"};
  }
  head.expect_continue = head.framing == Framing::kChunked || head.content_length > 0;
  return kOk;
}

void apply_connection(const HeadFacts& facts, base::Arena& arena, RequestHead& head) {
  head.keep_alive = !facts.close && (head.version == Version::kHttp11 || facts.keep_alive);
  if (facts.upgrade && head.version == Version::kHttp11) {
    head.upgrade = head.fields.joined("Upgrade", arena).value_or(std::string_view{});
  }
}

DecodeError parse_request(std::string_view text, const Limits& limits, base::Arena& arena,
                          RequestHead& head) {
  std::string_view line;
  DecodeError error = take_line(text, limits.start_line_bytes, 414, line);
  if (error.status != 0) return error;
  error = parse_request_line(line, head);
  if (error.status != 0) return error;
  HeadFacts facts;
  error = parse_fields(text, Peer::kClient, limits, head.fields, facts);
  if (error.status != 0) return error;
  error = apply_host(facts, head);
  if (error.status != 0) return error;
  error = apply_framing(facts, limits, head);
  if (error.status != 0) return error;
  error = apply_expectation(facts, head);
  apply_connection(facts, arena, head);
  return error;
}

}  // namespace

bool RequestDecoder::idle() const {
  return state_ == State::kClosed || (state_ == State::kHead && gatherer_.idle());
}

AtEof RequestDecoder::at_eof() const {
  return idle() ? AtEof::kClean : AtEof::kTruncated;
}

RequestStep RequestDecoder::fail(int status, std::string_view reason) {
  state_ = State::kFailed;
  error_ = {status, reason};
  gatherer_.release();
  RequestStep step;
  step.event = Event::kError;
  step.error = error_;
  return step;
}

RequestStep RequestDecoder::feed(std::string_view in, base::Arena& arena) {
  switch (state_) {
    case State::kHead:
      return feed_head(in, arena);
    case State::kBody:
      return feed_body(in, arena);
    case State::kClosed: {
      RequestStep step;
      step.consumed = in.size();
      return step;
    }
    case State::kFailed:
      break;
  }
  return fail(error_.status, error_.reason);
}

RequestStep RequestDecoder::feed_head(std::string_view in, base::Arena& arena) {
  const HeadGatherer::Limits bounds{limits_.head_bytes, limits_.start_line_bytes,
                                    limits_.field_line_bytes, 414};
  std::size_t skipped = 0;
  while (true) {
    const std::string_view rest = in.substr(skipped);
    if (gatherer_.idle() && !rest.empty() && !is_class(rest[0], kTokenChar) && rest[0] != '\r') {
      return fail(400, "no HTTP request");
    }
    const HeadGatherer::Step step = gatherer_.feed(rest, bounds);
    if (step.what == HeadGatherer::What::kError) {
      return fail(step.error.status, step.error.reason);
    }
    if (step.what == HeadGatherer::What::kNeedMore) {
      RequestStep more;
      more.consumed = in.size();
      return more;
    }
    if (step.text != kEmptyLine) return parse(step.text, skipped + step.consumed, arena);
    // One empty line before a request is tolerated (RFC 9112 2.2).
    if (skipped_empty_line_) return fail(400, "empty lines before a request");
    skipped_empty_line_ = true;
    skipped += step.consumed;
    gatherer_.release();
  }
}

RequestStep RequestDecoder::parse(std::string_view text, std::size_t consumed, base::Arena& arena) {
  RequestHead* head = new_request_head(arena);
  const DecodeError error = parse_request(arena.copy(text), limits_, arena, *head);
  if (error.status != 0) return fail(error.status, error.reason);
  gatherer_.release();
  skipped_empty_line_ = false;
  keep_alive_ = head->keep_alive;
  body_.start(head->framing, head->content_length, limits_);
  state_ = State::kBody;
  RequestStep step;
  step.event = Event::kHead;
  step.consumed = consumed;
  step.head = head;
  return step;
}

RequestStep RequestDecoder::feed_body(std::string_view in, base::Arena& arena) {
  const BodyDecoder::Step body = body_.feed(in, limits_, arena);
  if (body.event == Event::kError) return fail(body.error.status, body.error.reason);
  if (body.event == Event::kMessageEnd) state_ = keep_alive_ ? State::kHead : State::kClosed;
  RequestStep step;
  step.event = body.event;
  step.consumed = body.consumed;
  step.data = body.data;
  step.trailers = body.trailers;
  return step;
}

}  // namespace tollgate::dataplane::http::h1
