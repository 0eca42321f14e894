#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/http/h1/body_decoder.h"
#include "dataplane/http/h1/head_gatherer.h"
#include "dataplane/http/h1/limits.h"
#include "dataplane/http/h1/step.h"

namespace tollgate::dataplane::http::h1 {

/// The client's side of one HTTP/1.1 connection. As strict as the request decoder and used the same
/// way; refusals carry the status 502. `start` must be called for each request sent, since a
/// response's framing depends on it; bytes that come without a request are an error.
class ResponseDecoder {
 public:
  explicit ResponseDecoder(const Limits& limits = default_limits()) : limits_(limits) {}
  /// As Limits, with more room for chunk framing: streams of tokens come in small chunks.
  static Limits default_limits();

  /// A request with this method was sent; `upgrade` if it asked for one (101 is an error
  /// otherwise).
  void start(std::string_view method, bool upgrade = false);

  ResponseStep feed(std::string_view in, base::Arena& arena);
  /// The peer closed its side.
  AtEof at_eof();

  /// After the message's end: both the message and the peer allow another request. False after an
  /// upgrade, a tunnel, a body that lasted until close, or framing that was merely tolerated.
  [[nodiscard]] bool reusable() const { return state_ == State::kIdle && keep_alive_; }
  /// After 101, or 2xx to CONNECT: what follows is not HTTP/1.1 and must not be fed here.
  [[nodiscard]] bool tunnel() const { return state_ == State::kTunnel; }
  /// True until the first byte of the response has come: a retry is possible.
  [[nodiscard]] bool untouched() const { return state_ == State::kHead && !touched_; }
  [[nodiscard]] std::uint64_t body_bytes() const { return body_.data_bytes(); }

 private:
  enum class State : std::uint8_t { kIdle, kHead, kBody, kTunnel, kFailed };

  ResponseStep feed_head(std::string_view in, base::Arena& arena);
  ResponseStep parse(std::string_view head, std::size_t consumed, base::Arena& arena);
  ResponseStep feed_body(std::string_view in, base::Arena& arena);
  ResponseStep fail(std::string_view reason);

  Limits limits_;
  State state_ = State::kIdle;
  BodyDecoder body_;
  HeadGatherer gatherer_;
  std::size_t informational_ = 0;
  bool head_request_ = false;
  bool connect_request_ = false;
  bool upgrade_request_ = false;
  bool touched_ = false;
  bool tunnel_follows_ = false;
  bool keep_alive_ = true;
  DecodeError error_;
};

}  // namespace tollgate::dataplane::http::h1
