#include "dataplane/http/h1/body_decoder.h"

#include <algorithm>
#include <new>

#include "dataplane/http/grammar.h"
#include "dataplane/http/h1/head_fields.h"

namespace tollgate::dataplane::http::h1 {

void BodyDecoder::start(Framing framing, std::uint64_t length, const Limits& limits) {
  framing_ = framing;
  remaining_ = length;
  data_bytes_ = 0;
  overhead_bytes_ = 0;
  body_limit_ = limits.body_bytes;
  line_bytes_ = 0;
  size_digits_ = 0;
  spaced_ = quoted_ = escaped_ = false;
  error_ = {};
  switch (framing) {
    case Framing::kNone:
      state_ = State::kEnd;
      break;
    case Framing::kLength:
      state_ = length == 0 ? State::kEnd : State::kData;
      break;
    case Framing::kChunked:
      state_ = State::kSize;
      break;
    case Framing::kUntilClose:
      state_ = State::kData;
      remaining_ = UINT64_MAX;
      break;
  }
}

bool BodyDecoder::refuse(int status, std::string_view reason) {
  state_ = State::kFailed;
  error_ = {status, reason};
  return false;
}

BodyDecoder::Step BodyDecoder::failed(std::size_t consumed) const {
  Step step;
  step.event = Event::kError;
  step.consumed = consumed;
  step.error = error_;
  return step;
}

BodyDecoder::Step BodyDecoder::feed(std::string_view in, const Limits& limits, base::Arena& arena) {
  switch (state_) {
    case State::kFailed:
      return failed(0);
    case State::kEnd: {
      Step step;
      step.event = Event::kMessageEnd;
      return step;
    }
    case State::kData:
      return take_data(in, 0, State::kEnd);
    default:
      return feed_chunked(in, limits, arena);
  }
}

/// Gives out what there is of the `remaining_` bytes, from `in[at]`.
BodyDecoder::Step BodyDecoder::take_data(std::string_view in, std::size_t at, State next) {
  Step step;
  step.consumed = at;
  const std::size_t available = in.size() - at;
  if (available == 0) return step;
  const std::uint64_t allowed = body_limit_ - std::min(data_bytes_, body_limit_);
  if (allowed == 0) {
    refuse(413, "body larger than allowed");
    return failed(at);
  }
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>({remaining_, available, allowed}));
  data_bytes_ += size;
  if (framing_ != Framing::kUntilClose) remaining_ -= size;
  if (remaining_ == 0) state_ = next;
  step.event = Event::kData;
  step.consumed = at + size;
  step.data = in.substr(at, size);
  return step;
}

BodyDecoder::Step BodyDecoder::feed_chunked(std::string_view in, const Limits& limits,
                                            base::Arena& arena) {
  std::size_t at = 0;
  while (true) {
    if (state_ == State::kChunkData) return take_data(in, at, State::kDataCr);
    if (state_ == State::kTrailers) return feed_trailers(in, at, limits, arena);
    if (at == in.size()) break;
    if (!take_framing(in[at], limits)) return failed(at);
    ++at;
  }
  Step step;
  step.consumed = at;
  return step;
}

bool BodyDecoder::take_framing(char c, const Limits& limits) {
  ++overhead_bytes_;
  if (overhead_bytes_ > limits.chunk_overhead_bytes + data_bytes_) {
    return refuse(400, "chunks too small");
  }
  switch (state_) {
    case State::kSize:
    case State::kExtension:
      if (++line_bytes_ > limits.chunk_line_bytes) return refuse(400, "chunk line too long");
      return state_ == State::kSize ? take_size(c) : take_extension(c);
    case State::kSizeLf:
      return c == '\n' ? end_size_line() : refuse(400, "bare CR in a chunk line");
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r' || refuse(400, "chunk longer than its size");
    case State::kDataLf:
      state_ = State::kSize;
      return c == '\n' || refuse(400, "bare CR after a chunk");
    default:
      return refuse(500, "chunk framing in a wrong state");
  }
}

/// chunk-size, then CR or an extension (RFC 9112 7.1).
bool BodyDecoder::take_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0 && !spaced_) {
    if (++size_digits_ > kMaxChunkSizeDigits) return refuse(400, "chunk size has too many digits");
    remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
    return true;
  }
  if (size_digits_ == 0) return refuse(400, "invalid chunk size");
  if (c == ';') {
    state_ = State::kExtension;
  } else if (c == ' ' || c == '\t') {
    spaced_ = true;
  } else if (c == '\r' && !spaced_) {
    state_ = State::kSizeLf;
  } else {
    return refuse(400, "invalid chunk size");
  }
  return true;
}

/// Extensions are checked for what could hide a line end and then forgotten: no bare CR or LF, no
/// control characters, quotes closed (RFC 9112 7.1.1).
bool BodyDecoder::take_extension(char c) {
  if (c != '\r' && !is_class(c, kFieldValueChar)) {
    return refuse(400, "control character in a chunk extension");
  }
  if (quoted_) {
    if (c == '\r') return refuse(400, "line end in a quoted chunk extension");
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      quoted_ = false;
    }
    return true;
  }
  if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == '"') {
    quoted_ = true;
  } else if (!is_class(c, kTokenChar) && c != ';' && c != '=' && c != ' ' && c != '\t') {
    return refuse(400, "invalid chunk extension");
  }
  return true;
}

bool BodyDecoder::end_size_line() {
  const std::uint64_t size = remaining_;
  line_bytes_ = 0;
  size_digits_ = 0;
  spaced_ = false;
  if (size == 0) {
    state_ = State::kTrailers;
    return true;
  }
  if (size > body_limit_ - std::min(data_bytes_, body_limit_)) {
    return refuse(413, "body larger than allowed");
  }
  state_ = State::kChunkData;
  return true;
}

BodyDecoder::Step BodyDecoder::feed_trailers(std::string_view in, std::size_t at,
                                             const Limits& limits, base::Arena& arena) {
  const HeadGatherer::Limits bounds{limits.trailer_bytes, limits.trailer_bytes,
                                    limits.trailer_bytes, 431};
  const HeadGatherer::Step gathered = trailers_.feed(in.substr(at), bounds);
  Step step;
  step.consumed = at + gathered.consumed;
  if (gathered.what == HeadGatherer::What::kNeedMore) return step;
  if (gathered.what == HeadGatherer::What::kError) {
    refuse(gathered.error.status, gathered.error.reason);
    trailers_.release();
    return failed(at);
  }
  auto* fields = new (arena.allocate(sizeof(FieldList), alignof(FieldList))) FieldList(arena);
  const DecodeError error = parse_trailers(arena.copy(gathered.text), limits, *fields);
  trailers_.release();
  if (error.status != 0) {
    refuse(error.status, error.reason);
    return failed(at);
  }
  state_ = State::kEnd;
  step.event = fields->empty() ? Event::kMessageEnd : Event::kTrailers;
  step.trailers = fields->empty() ? nullptr : fields;
  return step;
}

}  // namespace tollgate::dataplane::http::h1
