#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

namespace {

Step refuse(Exchange& exchange, const base::Error& error) {
  return exchange.respond(error.code == base::Code::kLimitExceeded ? Fault::kBodyTooLarge
                                                                   : Fault::kOverloaded);
}

}  // namespace

Step hold(Exchange& exchange) {
  Request& request = exchange.request();
  if (request.endpoint == nullptr) return Step::kContinue;
  if (!request.body) {
    Services& services = exchange.services();
    request.body.emplace(services.io.buffers, services.held_budget,
                         exchange.target().listener->policy->value.buffer_limit_bytes);
    if (request.head->framing == http::Framing::kLength) {
      const base::Status fits = request.body->expect(request.head->content_length);
      if (!fits) return refuse(exchange, fits.error());
    }
    if (request.head->expect_continue) exchange.client().send_continue();
  }
  return request.complete ? Step::kContinue : Step::kWait;
}

}  // namespace tollgate::dataplane::exchange
