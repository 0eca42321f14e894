#include "controller/standalone/gateways.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <optional>
#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/catalog/support.h"
#include "dataplane/proxy/command_line.h"

namespace tollgate::controller::standalone {

namespace base = dataplane::base;
namespace proxy = dataplane::proxy;
namespace snapshot = dataplane::snapshot;

namespace {

constexpr const char* kInstance = "standalone";
/// A refusal leads to one more round; each round holds back at least one resource.
constexpr int kRoundLimit = 1000;

}  // namespace

base::Result<std::unique_ptr<Gateways>> Gateways::create(proxy::Options options, TaskInbox& inbox) {
  const std::optional<dataplane::net::Address> address = std::exchange(options.admin, {});
  std::unique_ptr<Gateways> gateways(new Gateways(std::move(options), inbox));
  if (address) {
    TRY_ASSIGN(gateways->admin_, Admin::start(*address));
  }
  return gateways;
}

proxy::Options Gateways::options_of(const std::string& gateway) const {
  proxy::Options options = options_;
  if (options.state_dir.empty()) return options;
  options.state_dir += "/" + gateway;
  std::error_code failed;
  std::filesystem::create_directories(options.state_dir, failed);
  if (failed) {
    base::log::warn("counters of limits will not be kept",
                    {{"folder", options.state_dir}, {"why", failed.message()}});
    options.state_dir.clear();
  }
  return options;
}

base::Result<proxy::Proxy*> Gateways::proxy_of(const std::string& gateway) {
  const auto at = proxies_.find(gateway);
  if (at != proxies_.end()) return at->second.get();
  TRY_ASSIGN(auto made, proxy::Proxy::start(options_of(gateway)));
  proxy::Proxy* raw = made.get();
  if (admin_) admin_->add(gateway, *raw);
  proxies_[gateway] = std::move(made);
  return raw;
}

void Gateways::report(resolve::Resolver& resolver, const std::string& gateway,
                      const proxy::ApplyResult& result, const std::string& revision) {
  resolve::ProxyReport report;
  report.instance = kInstance;
  report.ready = true;
  report.acknowledged = result.revision;
  report.abilities = dataplane::catalog::abilities();
  if (!result.accepted) {
    report.refused_revision = revision;
    for (const auto& problem : result.problems)
      report.refused.push_back({problem.key, problem.why});
  }
  reports_[gateway] = report;
  resolver.report(gateway, {std::move(report)});
}

base::Status Gateways::apply(resolve::Resolver& resolver, resolve::Result changed) {
  problems_.clear();
  for (int round = 0; round < kRoundLimit; ++round, changed = resolver.result()) {
    if (changed.gateways.empty()) return {};
    for (const resolve::GatewayUpdate& update : changed.gateways) {
      TRY_ASSIGN(proxy::Proxy * target, proxy_of(update.gateway));
      const auto* wanted = resolver.set(update.gateway);
      const snapshot::ResourceSet next = wanted == nullptr ? snapshot::ResourceSet() : *wanted;
      snapshot::ResourceSet& held = held_[update.gateway];
      const proxy::ApplyResult result = target->apply_and_wait(snapshot::diff(held, next));
      if (result.accepted) held = next;
      for (const auto& problem : result.problems) {
        problems_.push_back(problem.key + ": " + problem.why);
      }
      if (!result.accepted && result.problems.empty()) {
        return base::internal_error("the proxy refused a configuration without saying why");
      }
      report(resolver, update.gateway, result, next.revision());
      if (update.gone) {
        results_.erase(update.gateway);
        reports_.erase(update.gateway);
        held_.erase(update.gateway);
        retire(update.gateway);
      } else if (result.accepted) {
        results_[update.gateway] = result;
      }
    }
  }
  return base::internal_error("the configuration does not settle");
}

std::vector<std::string> Gateways::take_lines() {
  std::vector<std::string> lines;
  for (const auto& [gateway, result] : results_) {
    for (std::string& line : proxy::ready_lines(result, options_)) {
      if (line == "ready") continue;
      if (std::find(said_.begin(), said_.end(), line) != said_.end()) continue;
      said_.push_back(line);
      lines.push_back(std::move(line));
    }
  }
  if (!said_ready_ && !said_.empty()) {
    said_ready_ = true;
    lines.emplace_back("ready");
  }
  return lines;
}

/// Others go on being served meanwhile, so nobody waits here.
void Gateways::retire(const std::string& gateway) {
  if (admin_) admin_->remove(gateway);
  auto node = proxies_.extract(gateway);
  proxy::Proxy* leaving = node.mapped().get();
  retired_.push_back(std::move(node.mapped()));
  // Called on the proxy's own thread, which its end waits for: it is taken down by another.
  leaving->drain([this, leaving, &inbox = inbox_] {
    inbox.post([this, leaving] {
      std::erase_if(retired_, [leaving](const auto& one) { return one.get() == leaving; });
    });
  });
}

void Gateways::drain_and_wait() {
  std::vector<std::future<void>> ends;
  const auto drain = [&ends](proxy::Proxy& running) {
    auto end = std::make_shared<std::promise<void>>();
    ends.push_back(end->get_future());
    running.drain([end] { end->set_value(); });
  };
  for (auto& [gateway, running] : proxies_) drain(*running);
  for (auto& leaving : retired_) drain(*leaving);
  for (std::future<void>& end : ends) end.wait();
}

}  // namespace tollgate::controller::standalone
