#include <string>

#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

Step inspect(Exchange& exchange) {
  Request& request = exchange.request();
  if (request.endpoint == nullptr) return Step::kContinue;
  auto scan =
      json::scan_body(exchange.services().json, request.body->view(), exchange.arena(), {});
  if (!scan) {
    std::string message = "malformed request: failed to parse JSON for ";
    message += request.path;
    message += ": ";
    message += scan.error().detail;
    return exchange.respond(Fault::kMalformedBody, message);
  }
  request.scan = *scan;
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
