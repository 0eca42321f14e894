#include "dataplane/exchange/attempt/fault.h"

#include <array>
#include <string>

namespace tollgate::dataplane::exchange::attempt {

namespace {

// In the order of the enumerators, so that fault_info() is an index.
constexpr std::array kFaults{
    FaultInfo{Fault::kNone, 0, "", ""},
    FaultInfo{Fault::kMalformedRequest, 400, "malformed_request", "malformed request"},
    FaultInfo{Fault::kMalformedPath, 400, "malformed_path", "malformed request: invalid path"},
    FaultInfo{Fault::kMethodRefused, 405, "method_refused", "this method is not served"},
    FaultInfo{Fault::kMalformedBody, 400, "malformed_body", "malformed request"},
    FaultInfo{Fault::kNotExpressible, 422, "not_expressible", "invalid request body"},
    FaultInfo{Fault::kBodyTooLarge, 413, "body_too_large", "the request body is too large"},
    FaultInfo{Fault::kClientTooSlow, 408, "client_too_slow",
              "the request did not arrive within the time allowed"},
    FaultInfo{Fault::kClientLeft, 499, "client_left", "the client closed the connection"},
    FaultInfo{Fault::kNoListener, 404, "no_listener", "no listener serves this host"},
    FaultInfo{Fault::kUnsupportedPath, 404, "unsupported_path", "unsupported path"},
    FaultInfo{Fault::kNoRoute, 404, "no_route", "no route matches this request"},
    FaultInfo{Fault::kNoModelRoute, 404, "no_model_route",
              "No matching route found. It is likely because the model specified in your request "
              "is not configured in the Gateway."},
    FaultInfo{Fault::kDirectResponse, 500, "direct_response", ""},
    FaultInfo{Fault::kNoBackend, 500, "no_backend", "the matching rule has no usable backend"},
    FaultInfo{Fault::kBackendGone, 503, "backend_gone", "the backend is being reconfigured"},
    FaultInfo{Fault::kUnsupportedPair, 500, "unsupported_pair",
              "the backend does not support this endpoint"},
    FaultInfo{Fault::kNoCredential, 500, "no_credential",
              "the gateway has no usable credential for this backend"},
    FaultInfo{Fault::kLimited, 429, "limited", "rate limit exceeded"},
    FaultInfo{Fault::kLimitUnknown, 503, "limit_unknown",
              "the gateway cannot tell whether a rate limit is exceeded"},
    FaultInfo{Fault::kOverloaded, 503, "overloaded", "the gateway is out of memory for requests"},
    FaultInfo{Fault::kPoolOverflow, 503, "pool_overflow",
              "too many requests wait for a connection to the backend"},
    FaultInfo{Fault::kInternal, 500, "internal", "internal error"},
    FaultInfo{Fault::kNoEndpoint, 503, "no_endpoint", "the backend has no endpoint"},
    FaultInfo{Fault::kDnsFailed, 503, "dns_failed", "the backend's name cannot be resolved"},
    FaultInfo{Fault::kConnectFailed, 503, "connect_failed", "the backend cannot be reached"},
    FaultInfo{Fault::kConnectTimeout, 504, "connect_timeout",
              "the backend could not be reached within the time allowed"},
    FaultInfo{Fault::kTlsFailed, 503, "tls_failed",
              "no secure connection to the backend can be made"},
    FaultInfo{Fault::kBackendReset, 502, "backend_reset",
              "the backend closed the connection before its answer was complete"},
    FaultInfo{Fault::kBackendProtocol, 502, "backend_protocol",
              "the backend's answer is not valid HTTP"},
    FaultInfo{Fault::kBackendBroke, 502, "backend_broke", "the backend's answer is broken"},
    FaultInfo{Fault::kRequestTimeout, 504, "request_timeout", "request timeout"},
    FaultInfo{Fault::kBackendTimeout, 504, "backend_timeout",
              "the backend did not answer within the time allowed"},
    FaultInfo{Fault::kStreamIdle, 504, "stream_idle",
              "the backend sent nothing within the time allowed"},
};

constexpr bool in_enumerator_order() {
  for (std::size_t i = 0; i < kFaults.size(); ++i) {
    if (static_cast<std::size_t>(kFaults[i].fault) != i) return false;
  }
  return true;
}
static_assert(in_enumerator_order());

base::Code code_of(Fault fault) {
  switch (fault) {
    case Fault::kConnectTimeout:
    case Fault::kRequestTimeout:
    case Fault::kBackendTimeout:
    case Fault::kStreamIdle:
      return base::Code::kTimeout;
    case Fault::kBackendProtocol:
    case Fault::kBackendBroke:
      return base::Code::kProtocol;
    case Fault::kInternal:
      return base::Code::kInternal;
    case Fault::kClientLeft:
      return base::Code::kCancelled;
    default:
      return base::Code::kUnavailable;
  }
}

}  // namespace

const FaultInfo& fault_info(Fault fault) {
  return kFaults[static_cast<std::size_t>(fault)];
}

base::Error to_error(Fault fault, std::string_view detail) {
  const FaultInfo& info = fault_info(fault);
  std::string text(info.code);
  if (!detail.empty()) {
    text += ": ";
    text += detail;
  }
  return base::backend_error(code_of(fault), false, std::move(text));
}

}  // namespace tollgate::dataplane::exchange::attempt
