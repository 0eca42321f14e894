#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/http/head.h"
#include "dataplane/net/buffer.h"
#include "dataplane/upstream/pool.h"

namespace tollgate::dataplane::exchange::attempt {

/// How a conversation with a backend failed.
struct UpstreamFailure {
  base::Error error;
  /// Not one byte of an answer came.
  bool untouched = false;
  /// Nothing of the request was handed to the kernel, so the backend cannot have acted on it.
  bool unsent = false;
  /// A pooled connection that its peer may have closed before our request arrived.
  bool stale = false;
};

/// What a backend's side of an attempt reports. Calls come from the loop, one at a time; none after
/// on_answer_end, on_upstream_failed or UpstreamSide::abandon.
class UpstreamEvents {
 public:
  /// A 1xx head other than 100 and 101.
  virtual void on_informational(http::ResponseHead& head) = 0;
  /// The final head; it and what it refers to live in the arena that was given to `attach`.
  virtual void on_answer_head(http::ResponseHead& head) = 0;
  virtual void on_answer_data(net::Slice data) = 0;
  virtual void on_answer_trailers(http::FieldList& trailers) = 0;
  /// The answer is complete. The connection is back in its pool or closed.
  virtual void on_answer_end() = 0;
  virtual void on_upstream_failed(const UpstreamFailure& failure) = 0;
  /// More of the request's body may be sent after send_body had answered false.
  virtual void on_upstream_drained() = 0;

 protected:
  ~UpstreamEvents() = default;
};

/// One exchange on a backend's connection, whatever the protocol.
class UpstreamSide {
 public:
  /// An error: the head cannot be written without being read in two ways; nothing was sent.
  virtual base::Status send_head(const http::RequestHead& head) = 0;
  /// False: the queue is above its mark, on_upstream_drained will follow.
  virtual bool send_body(net::Slice data) = 0;
  virtual bool send_body(std::string_view data) = 0;
  /// The request is complete; `trailers` may be null.
  virtual void end_request(const http::FieldList* trailers) = 0;

  virtual void pause_answer() = 0;
  virtual void resume_answer() = 0;
  /// Nobody wants the rest: closes the connection, no event follows.
  virtual void abandon() = 0;

 protected:
  ~UpstreamSide() = default;
};

/// A protocol that attempts can speak.
class UpstreamProtocol {
 public:
  /// Takes the lease for one exchange. The side is valid until on_answer_end, on_upstream_failed or
  /// abandon. `events` and `arena` outlive it.
  virtual UpstreamSide& attach(upstream::Lease lease, UpstreamEvents& events,
                               base::Arena& arena) = 0;

 protected:
  ~UpstreamProtocol() = default;
};

}  // namespace tollgate::dataplane::exchange::attempt
