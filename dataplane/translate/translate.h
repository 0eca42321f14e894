#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/feature.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/http/head.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/providers/prepare.h"

namespace tollgate::dataplane::translate {

/// The canonical form of one client request: decoded when the first attempt needs it, used by all.
/// It belongs to the exchange.
struct Canonical {
  std::unique_ptr<formats::chat::Request> chat;
};

/// What a client asked for. Everything outlives the attempt.
struct Asked {
  const catalog::EndpointInfo* endpoint = nullptr;
  std::string_view body;  // held whole, with padding
  const json::BodyScan* scan = nullptr;
  std::string_view model;  // from body or path
  bool streamed = false;
  bool want_usage = true;
  json::Reader* reader = nullptr;  // the worker's: its content is replaced
  std::int64_t now_unix_s = 0;
  std::string_view request_id;
};

struct Prepared {
  providers::UpstreamRequest upstream;
  /// What the client asked for and the backend does not get.
  formats::chat::Dropped dropped;
};

/// Makes the request of one attempt in a format that the backend speaks: the client's own bytes
/// where it speaks the client's format, else decoded into the canonical form (once per exchange)
/// and encoded again. The answer that comes with it brings everything back into the client's
/// dialect. `head`, `arena` and errors as providers::prepare; also kInvalidArgument (client) for a
/// body that breaks its own dialect.
base::Result<Prepared> prepare(const providers::BackendSpec& backend, const Asked& asked,
                               Canonical& canonical, http::RequestHead& head, base::Arena& arena);

}  // namespace tollgate::dataplane::translate
