#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/http/head.h"
#include "dataplane/providers/answer.h"

namespace tollgate::dataplane::json {
struct BodyScan;
}

namespace tollgate::dataplane::providers {

/// The backend of one attempt, as the snapshot describes it.
struct BackendSpec {
  catalog::Schema schema = catalog::Schema::kOpenAi;
  std::string_view prefix;          // schema.prefix; empty = the schema's default ("v1")
  std::string_view version;         // schema.version
  std::string_view model_override;  // empty = the client's model
  std::string_view host;            // where it is; empty = nothing is known of it
};

/// What a backend is asked, in a format that it speaks. Everything outlives the attempt.
struct ClientRequest {
  catalog::Format format = catalog::Format::kNone;
  catalog::Dialect dialect = catalog::Dialect::kOpenAi;  // the shape of errors
  std::string_view body;                                 // held whole
  const json::BodyScan* scan = nullptr;                  // of `body`
  std::string_view model;                                // what was asked for; empty if nothing was
  bool streamed = false;
  bool as_array = false;  // Gemini: the client takes its stream as one JSON array, not as events
  /// Somebody (limits, costs, metrics) needs token counts: a stream that would carry none is asked
  /// for them, and the extra chunk is taken out again on the way back.
  bool want_usage = true;
};

/// A request ready for mutations and credentials.
struct UpstreamRequest {
  /// The body as slices of the client's body and of the arena, in order. `body_bytes` is their sum
  /// and already stands in the head as content_length.
  std::span<const std::string_view> body;
  std::uint64_t body_bytes = 0;
  std::string_view model;  // the request model: the override, else the client's
  bool streamed = false;   // the client asked for a stream
  std::unique_ptr<Answer> answer;
  /// The answer's bytes are an envelope around the format's own: only `answer` can open it.
  bool enveloped = false;
};

/// Makes the request of one attempt. `head` is the attempt's own copy of the client's head, after
/// strip_hop_by_hop; method, path, query, framing, content_length and fields are changed in place
/// to what this backend wants (authority and credentials are the caller's). New texts live in
/// `arena`. Errors: kUnsupported (config) for a format that the backend does not speak;
/// kInvalidArgument (client) for a request that the target cannot express, answered with 422.
base::Result<UpstreamRequest> prepare(const BackendSpec& backend, const ClientRequest& request,
                                      http::RequestHead& head, base::Arena& arena);

}  // namespace tollgate::dataplane::providers
