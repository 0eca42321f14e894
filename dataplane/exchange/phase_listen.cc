#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

Step listen(Exchange& exchange) {
  Request& request = exchange.request();
  Target& target = exchange.target();
  target.table =
      exchange.config().router->find_listener(exchange.connection().bind_port, request.host);
  if (target.table == nullptr) return exchange.respond(Fault::kNoListener);
  target.listener = target.table->listener();
  if (target.table->has_ai()) request.endpoint = catalog::find_endpoint(request.path);
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
