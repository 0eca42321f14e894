#include <chrono>
#include <set>
#include <vector>

#include "dataplane/exchange/exchange.h"
#include "dataplane/formats/errors.h"
#include "dataplane/formats/models_list.h"
#include "dataplane/http/method.h"

namespace tollgate::dataplane::exchange {

namespace {

/// The models that this host's rules declare, in the order in which the rules are tried.
std::vector<formats::ListedModel> models_for(const router::ListenerTable& table,
                                             std::string_view host, base::WallTime otherwise) {
  const auto fallback = std::chrono::floor<std::chrono::seconds>(otherwise);
  std::vector<formats::ListedModel> models;
  std::set<std::string_view> seen;
  for (const router::HostTable* rules : table.tables_for(host)) {
    for (const router::RuleMatches* matches : rules->rules()) {
      const snapshot::Rule& rule = matches->rule->value;
      for (const snapshot::DeclaredModel& model : rule.models) {
        if (!seen.insert(model.id).second) continue;
        // Routes out of files have no time of creation.
        const std::chrono::sys_seconds created{std::chrono::seconds(rule.models_created_unix_s)};
        models.push_back(
            {model.id, rule.models_owned_by, rule.models_created_unix_s == 0 ? fallback : created});
      }
    }
  }
  return models;
}

Step refuse_method(Exchange& exchange) {
  const attempt::FaultInfo& info = fault_info(Fault::kMethodRefused);
  Reply reply;
  reply.status = info.status;
  reply.body = formats::error_body(exchange.dialect(), info.status, info.message);
  reply.allow = "GET, HEAD";
  reply.code = info.code;
  return exchange.respond(std::move(reply));
}

}  // namespace

Step local(Exchange& exchange) {
  Request& request = exchange.request();
  if (request.endpoint == nullptr || request.endpoint->has_model) return Step::kContinue;
  if (exchange.target().table->has_web_path(exchange.view())) {
    request.endpoint = nullptr;
    return Step::kContinue;
  }
  const std::string_view method = request.head->method;
  if (method != http::kGet && method != http::kHead) return refuse_method(exchange);
  const auto models = models_for(*exchange.target().table, request.host, exchange.config().since);
  Reply reply;
  reply.status = 200;
  reply.body = formats::models_document(request.endpoint->dialect, models);
  return exchange.respond(std::move(reply));
}

}  // namespace tollgate::dataplane::exchange
