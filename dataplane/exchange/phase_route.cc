#include <string>

#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

namespace {

Step nothing_matches(Exchange& exchange) {
  const Request& request = exchange.request();
  if (request.endpoint != nullptr) return exchange.respond(Fault::kNoModelRoute);
  if (!exchange.target().table->has_ai()) return exchange.respond(Fault::kNoRoute);
  return exchange.respond(Fault::kUnsupportedPath,
                          "unsupported path: " + std::string(request.path));
}

}  // namespace

Step route(Exchange& exchange) {
  const Request& request = exchange.request();
  router::RequestView view;
  view.host = request.host;
  view.method = request.head->method;
  view.path = request.path;
  view.query = request.head->query;
  view.fields = &request.head->fields;
  view.has_model = !request.model.empty() || (request.scan && request.scan->has_model);
  view.model = request.model;
  view.ai_endpoint = request.endpoint != nullptr;
  view.arena = &exchange.arena();
  Target& target = exchange.target();
  const router::Found found = target.table->find(view);
  if (!found) return nothing_matches(exchange);
  target.rule = *found.rule;
  if (found.match->path_type == snapshot::MatchType::kPrefix) {
    target.matched_prefix = exchange.arena().copy(found.match->path);
  }
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
