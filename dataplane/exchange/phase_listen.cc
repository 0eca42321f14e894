#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

Step listen(Exchange& exchange) {
  Request& request = exchange.request();
  Target& target = exchange.target();
  target.table =
      exchange.config().router->find_listener(exchange.connection().bind_port, request.host);
  if (target.table == nullptr) return exchange.respond(Fault::kNoListener);
  target.listener = target.table->listener();
  // The paths of AI endpoints belong to hosts with AI routes; elsewhere they are paths like others.
  const catalog::EndpointInfo* endpoint = catalog::find_endpoint(request.path);
  if (endpoint != nullptr && target.table->is_ai(exchange.view())) request.endpoint = endpoint;
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
