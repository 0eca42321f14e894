#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

Step forward(Exchange& exchange) {
  Request& request = exchange.request();
  exchange.forget_config();
  if (!request.body && request.head->expect_continue) exchange.client().send_continue();
  return exchange.try_next_backend();
}

}  // namespace tollgate::dataplane::exchange
