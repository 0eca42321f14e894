#include "controller/standalone/evaluation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/catalog/support.h"

namespace tollgate::controller::standalone {

namespace model = reconcilers::model;
namespace snapshot = dataplane::snapshot;

namespace {

/// What an exchange is taken to give: nothing is asked of anybody outside.
model::ExchangedToken assumed(const model::Exchange& exchange) {
  const bool aws = exchange.kind == model::ExchangeKind::kAwsWebIdentity;
  model::ExchangedToken token;
  token.value = dataplane::base::Secret(
      aws ? "[default]\naws_access_key_id = assumed\naws_secret_access_key = assumed\n"
          : "assumed");
  return token;
}

}  // namespace

Evaluation::Evaluation(std::vector<std::string> files, bool real_ports)
    : manifests_(std::move(files)), resolver_(resolver_options(real_ports, false)) {
  const auto applied = resolver_.apply(manifests_.load());
  if (!applied) dataplane::base::log::warn(applied.error().detail);
  settle();
}

/// Compiles what changed and acknowledges or refuses it, until nothing changes any more.
void Evaluation::settle() {
  while (true) {
    const resolve::Result changed = resolver_.result();
    for (const resolve::ExchangeUpdate& update : changed.exchanges) {
      if (update.exchange) resolver_.report_token(update.policy, assumed(*update.exchange));
    }
    if (changed.gateways.empty() && changed.exchanges.empty()) return;
    for (const resolve::GatewayUpdate& update : changed.gateways) {
      auto& compiler = compilers_[update.gateway];
      if (compiler == nullptr) compiler = std::make_unique<snapshot::Compiler>();
      const auto* wanted = resolver_.set(update.gateway);
      const snapshot::ResourceSet next = wanted == nullptr ? snapshot::ResourceSet() : *wanted;
      const snapshot::Outcome outcome =
          compiler->apply(snapshot::diff(compiler->resources(), next));
      resolve::ProxyReport report;
      report.instance = "standalone";
      report.ready = true;
      report.acknowledged = compiler->resources().revision();
      report.abilities = dataplane::catalog::abilities();
      for (const snapshot::Refusal& refusal : outcome.refusals) {
        report.refused.push_back({refusal.key, refusal.why});
      }
      if (!outcome.refusals.empty()) report.refused_revision = next.revision();
      resolver_.report(update.gateway, {std::move(report)});
    }
  }
}

std::vector<nlohmann::json> Evaluation::objects() const {
  std::map<model::ObjectId, std::shared_ptr<const nlohmann::json>> statuses;
  for (const resolve::StatusUpdate& update : resolver_.statuses()) {
    statuses[update.id] = update.status;
  }
  std::vector<nlohmann::json> objects;
  for (const files::Document& document : manifests_.current().objects) {
    nlohmann::json object = *document.object;
    const auto status =
        statuses.find({document.gvk.group, document.gvk.kind, document.ns, document.name});
    if (status != statuses.end() && status->second != nullptr) object["status"] = *status->second;
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace tollgate::controller::standalone
