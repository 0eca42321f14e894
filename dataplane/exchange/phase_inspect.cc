#include <string>

#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

namespace {

Step refuse(Exchange& exchange, std::string_view why) {
  std::string message = "malformed request: failed to parse JSON for ";
  message += exchange.request().path;
  message += ": ";
  message += why;
  return exchange.respond(Fault::kMalformedBody, message);
}

}  // namespace

Step inspect(Exchange& exchange) {
  Request& request = exchange.request();
  if (request.endpoint == nullptr) return Step::kContinue;
  if (request.body->empty()) return refuse(exchange, "the body is empty");
  auto scan = json::scan_body(exchange.services().json, request.body->view(), exchange.arena());
  if (!scan) return refuse(exchange, scan.error().detail);
  request.scan = *scan;
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
