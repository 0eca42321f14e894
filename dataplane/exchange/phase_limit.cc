// The decision of limits before a request goes on, and their settlement when it is over.

#include "dataplane/exchange/exchange.h"
#include "dataplane/limits/window.h"

namespace tollgate::dataplane::exchange {

namespace {

/// What the gateway's configuration says about this request; false: nothing limits it.
bool begin(Exchange& exchange, limits::PassageOwner& owner) {
  const Config& config = exchange.config();
  const snapshot::RuleNode& rule = *exchange.target().rule;
  Metering& metering = exchange.metering();
  metering.sheet = config.costs->find(rule.costs);
  if (rule.limits.empty()) return false;
  const Request& request = exchange.request();
  const router::RequestView view = exchange.view();
  const limits::Subject subject{view, request.peer_ip, rule.route->key,
                                exchange.target().listener->key};
  limits::Passage& passage = metering.passage.emplace(exchange.services().gate, owner);
  for (const snapshot::SlotId id : rule.limits) {
    if (const auto& policy = config.limits->find(id)) passage.add(policy, subject);
  }
  return passage.limited();
}

}  // namespace

Step limit(Exchange& exchange, limits::PassageOwner& owner) {
  Metering& metering = exchange.metering();
  if (!metering.passage) {
    if (!begin(exchange, owner)) return Step::kContinue;
    const base::WallTime now = exchange.services().io.loop.wall_now();
    if (!metering.passage->decide(limits::unix_seconds(now))) return Step::kWait;
  }
  switch (metering.passage->verdict()) {
    case limits::Verdict::kAllowed:
      break;
    case limits::Verdict::kRefused:
      return exchange.respond(Fault::kLimited);
    case limits::Verdict::kStoreGone:
      return exchange.respond(Fault::kLimitUnknown);
    case limits::Verdict::kUnusable:
      return exchange.respond_direct(*metering.passage->unusable());
  }
  return Step::kContinue;
}

void Metering::write_headers(http::FieldList& fields, base::Arena& arena,
                             base::WallTime now) const {
  if (passage) passage->write_headers(fields, arena, limits::unix_seconds(now));
}

void Metering::settle(telemetry::Record& record, std::string_view backend, base::WallTime now) {
  const telemetry::TokenCounts& tokens = record.tokens;
  if (sheet && (tokens.input || tokens.output || tokens.total)) {
    const limits::CostSubject subject{record.model_sent, backend, record.route};
    costs = sheet->compute(tokens, subject, record.failed_costs);
    record.costs = costs;
  }
  if (!passage) return;
  passage->settle(costs, limits::unix_seconds(now));
  entries = passage->entries();
  record.limits = entries;
}

}  // namespace tollgate::dataplane::exchange
