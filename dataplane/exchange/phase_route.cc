#include <string>

#include "dataplane/exchange/exchange.h"

namespace tollgate::dataplane::exchange {

namespace {

Step nothing_matches(Exchange& exchange) {
  const Request& request = exchange.request();
  if (request.endpoint != nullptr) return exchange.respond(Fault::kNoModelRoute);
  if (!exchange.target().table->has_ai(request.host)) return exchange.respond(Fault::kNoRoute);
  return exchange.respond(Fault::kUnsupportedPath,
                          "unsupported path: " + std::string(request.path));
}

}  // namespace

router::RequestView Exchange::view() {
  router::RequestView view;
  view.host = request_.host;
  view.method = request_.head->method;
  view.path = request_.path;
  view.query = request_.head->query;
  view.fields = &request_.head->fields;
  view.has_model = !request_.model.empty() || (request_.scan && request_.scan->has_model);
  view.model = request_.model;
  view.ai_endpoint = request_.endpoint != nullptr;
  view.arena = &arena_;
  return view;
}

Step route(Exchange& exchange) {
  const router::RequestView view = exchange.view();
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
