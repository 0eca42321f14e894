#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/auth/sigv4.h"
#include "dataplane/exchange/attempt/config.h"
#include "dataplane/exchange/attempt/upstream_side.h"
#include "dataplane/exchange/attempt/upstreams.h"
#include "dataplane/http/date.h"
#include "dataplane/json/reader.h"
#include "dataplane/limits/passage.h"
#include "dataplane/net/held_body.h"
#include "dataplane/net/stream.h"
#include "dataplane/router/choose.h"
#include "dataplane/telemetry/record.h"

namespace tollgate::dataplane::exchange::attempt {

/// What a worker gives to its exchanges. Everything belongs to the worker's thread and outlives
/// every exchange, except the budget, which the process shares.
struct Services {
  net::IoContext io;
  net::MemoryBudget& held_budget;
  Upstreams& upstreams;
  UpstreamProtocol& http1;
  telemetry::Sink& sink;
  limits::Gate& gate;
  router::Random random;
  json::Reader json;
  http::DateCache date;
  auth::SigningKeyCache signing_keys;
  /// What new exchanges run under; never null.
  std::shared_ptr<const Config> config;
  /// Heads are written here before they are queued.
  std::string scratch;
  /// The process is going away: answers say `Connection: close`.
  bool draining = false;
};

}  // namespace tollgate::dataplane::exchange::attempt
