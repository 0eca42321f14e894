#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/http/h1/body_decoder.h"
#include "dataplane/http/h1/head_gatherer.h"
#include "dataplane/http/h1/limits.h"
#include "dataplane/http/h1/step.h"

namespace tollgate::dataplane::http::h1 {

/// The server's side of one HTTP/1.1 connection: bytes in, requests out, one after another. No I/O,
/// no clock. Everything that two parsers could read differently is refused (README.md has the
/// table); after an error the connection must be closed, and every further call says kError again.
///
///   loop: step = decoder.feed(in, arena); in.remove_prefix(step.consumed); act on step.event
///
/// A head that arrives in pieces is gathered inside (bounded by Limits::head_bytes), so the caller
/// may drop what was consumed at once. When a head is complete it is copied into `arena` and parsed
/// there: everything it refers to lives as long as the arena's content. Body bytes are not copied.
///
/// After the end of a message that ends the connection (head.keep_alive was false) further input is
/// consumed and ignored, as RFC 9112 9.6 wants.
class RequestDecoder {
 public:
  explicit RequestDecoder(const Limits& limits = {}) : limits_(limits) {}

  RequestStep feed(std::string_view in, base::Arena& arena);
  /// The peer closed its side.
  [[nodiscard]] AtEof at_eof() const;

  /// True before the first byte of a message: the connection may be closed or reused.
  [[nodiscard]] bool idle() const;
  /// True while a head is incomplete, for the head deadline.
  [[nodiscard]] bool in_head() const { return state_ == State::kHead && !idle(); }
  /// Lowers the body limit of the current message (a route's own limit): 413 when it is passed. The
  /// caller compares content_length itself.
  void limit_body(std::uint64_t bytes) { body_.limit_body(bytes); }
  /// Body bytes of the current message so far.
  [[nodiscard]] std::uint64_t body_bytes() const { return body_.data_bytes(); }

 private:
  enum class State : std::uint8_t { kHead, kBody, kClosed, kFailed };

  RequestStep feed_head(std::string_view in, base::Arena& arena);
  RequestStep parse(std::string_view head, std::size_t consumed, base::Arena& arena);
  RequestStep feed_body(std::string_view in, base::Arena& arena);
  RequestStep fail(int status, std::string_view reason);

  Limits limits_;
  State state_ = State::kHead;
  BodyDecoder body_;
  HeadGatherer gatherer_;
  bool skipped_empty_line_ = false;
  bool keep_alive_ = true;
  DecodeError error_;
};

}  // namespace tollgate::dataplane::http::h1
