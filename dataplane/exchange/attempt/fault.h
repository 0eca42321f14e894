#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/error.h"

namespace tollgate::dataplane::exchange::attempt {

/// Everything that can go wrong with an exchange. One table (fault.cc) says what the client is told
/// and what logs and metrics call it.
enum class Fault : std::uint8_t {
  kNone,
  // The client's.
  kMalformedRequest,  // the decoder refused it; the status is the decoder's
  kMalformedPath,
  kMethodRefused,   // CONNECT and TRACE
  kMalformedBody,   // not the JSON that an AI endpoint takes
  kNotExpressible,  // valid, but the backend's API has no way to say it
  kBodyTooLarge,
  kClientTooSlow,
  kClientLeft,
  // Routing and configuration.
  kNoListener,
  kUnsupportedPath,
  kNoRoute,
  kNoModelRoute,
  kDirectResponse,  // the rule answers itself; status and text are the rule's
  kNoBackend,       // the rule has no backend with a weight
  kBackendGone,     // the snapshot that the request began under has been replaced
  kUnsupportedPair,
  kNoCredential,
  // Limits.
  kLimited,
  kLimitUnknown,  // the store of counters does not answer, and the limit fails closed
  // The gateway's.
  kOverloaded,  // budget for held bodies
  kPoolOverflow,
  kInternal,
  // The backend's.
  kNoEndpoint,
  kDnsFailed,
  kConnectFailed,
  kConnectTimeout,
  kTlsFailed,
  kBackendReset,     // closed or reset before or within an answer
  kBackendProtocol,  // an answer that cannot be understood
  kBackendBroke,     // an error inside the answer, or an answer that ended too early
  kRequestTimeout,
  kBackendTimeout,
  kStreamIdle,
};

struct FaultInfo {
  Fault fault;
  int status;                // what the client gets if nothing was sent yet
  std::string_view code;     // in access log and metrics
  std::string_view message;  // for the client
};

const FaultInfo& fault_info(Fault fault);

/// For logs, and for those who end a broken answer.
base::Error to_error(Fault fault, std::string_view detail);

}  // namespace tollgate::dataplane::exchange::attempt
