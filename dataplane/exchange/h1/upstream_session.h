#pragma once

#include <cstdint>
#include <string>

#include "dataplane/exchange/attempt/upstream_side.h"
#include "dataplane/http/h1/response_decoder.h"

namespace tollgate::dataplane::exchange::h1 {

using attempt::UpstreamEvents;
using attempt::UpstreamSide;

/// HTTP/1.1 on one backend connection. It lives with the connection, over many exchanges, so that
/// none of them allocates it.
class UpstreamSession final : public upstream::ConnectionState,
                              private net::StreamHandler,
                              public UpstreamSide {
 public:
  /// `scratch` is the worker's; heads are written there before they are queued.
  explicit UpstreamSession(std::string& scratch) : scratch_(scratch) {}

  void begin(upstream::Lease lease, UpstreamEvents& events, base::Arena& arena);

  base::Status send_head(const http::RequestHead& head) override;
  bool send_body(net::Slice data) override;
  bool send_body(std::string_view data) override;
  void end_request(const http::FieldList* trailers) override;
  void pause_answer() override;
  void resume_answer() override;
  void abandon() override;

 private:
  void on_data(net::Stream& stream, net::Slice data) override;
  void on_end(net::Stream& stream, net::StreamEnd end) override;
  void on_drained(net::Stream& stream) override;
  void on_closed(net::Stream& stream, const base::Error& error) override;

  void finish_answer(bool leftover);
  void fail(base::Error error);

  std::string& scratch_;
  http::h1::ResponseDecoder decoder_;
  upstream::Lease lease_;  // while an exchange is under way
  UpstreamEvents* events_ = nullptr;
  base::Arena* arena_ = nullptr;
  std::uint64_t written_before_ = 0;
  bool chunked_ = false;
  bool request_ended_ = false;
};

/// HTTP/1.1 as a protocol of attempts.
class UpstreamProtocol final : public attempt::UpstreamProtocol {
 public:
  UpstreamSide& attach(upstream::Lease lease, UpstreamEvents& events, base::Arena& arena) override;

 private:
  std::string scratch_;  // shared by the sessions, which run one at a time
};

}  // namespace tollgate::dataplane::exchange::h1
