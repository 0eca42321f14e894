#include <string>

#include "dataplane/exchange/exchange.h"
#include "dataplane/http/query.h"

namespace tollgate::dataplane::exchange {

namespace {

Step refuse(Exchange& exchange, std::string_view why) {
  std::string message = "malformed request: failed to parse JSON for ";
  message += exchange.request().path;
  message += ": ";
  message += why;
  return exchange.respond(Fault::kMalformedBody, message);
}

/// Model and stream flag, wherever the endpoint has them.
void read_question(Request& request, base::Arena& arena) {
  const catalog::EndpointInfo& endpoint = *request.endpoint;
  if (endpoint.model_in_path) {
    const std::string_view segment = catalog::model_in_path(endpoint, request.path);
    request.model = http::percent_decode(segment, false, arena).value_or(segment);
  } else {
    request.model = request.scan->model;
  }
  switch (endpoint.stream) {
    case catalog::Streaming::kNever:
      request.streamed = false;
      break;
    case catalog::Streaming::kMember:
      request.streamed = request.scan->stream.value_or(false);
      break;
    case catalog::Streaming::kAlways:
      request.streamed = true;
      break;
  }
}

}  // namespace

Step inspect(Exchange& exchange) {
  Request& request = exchange.request();
  if (request.endpoint == nullptr) return Step::kContinue;
  if (request.body->empty()) return refuse(exchange, "the body is empty");
  auto scan = json::scan_body(exchange.services().json, request.body->view(), exchange.arena());
  if (!scan) return refuse(exchange, scan.error().detail);
  request.scan = *scan;
  read_question(request, exchange.arena());
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
