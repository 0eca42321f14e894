#include "dataplane/exchange/attempt/upstreams.h"

#include <utility>

#include "dataplane/base/log.h"

namespace tollgate::dataplane::exchange::attempt {

net::tls::ClientConfig client_config(const snapshot::UpstreamTls& tls) {
  using Kind = net::tls::SubjectName::Kind;
  net::tls::ClientConfig config;
  config.server_name = tls.sni.empty() ? tls.hostname : tls.sni;
  config.trust.system = tls.system_ca;
  config.trust.pems = tls.ca_pem;
  config.alpn = {"http/1.1"};
  for (const std::string& name : tls.subject_alt_names) {
    const bool uri = name.find("://") != std::string::npos;
    config.subject_names.push_back({uri ? Kind::kUri : Kind::kHostname, name});
  }
  if (config.subject_names.empty() && !tls.hostname.empty() && tls.hostname != config.server_name) {
    config.subject_names.push_back({Kind::kHostname, tls.hostname});
  }
  return config;
}

std::unique_ptr<upstream::Balancer> Upstreams::build(const snapshot::UpstreamNode& node) {
  upstream::PoolLimits limits;
  limits.idle_timeout = node.value.idle_timeout;
  limits.connect.total = node.value.connect_timeout;
  limits.connect.connect = node.value.connect_timeout;
  std::shared_ptr<const net::tls::ClientConfig> tls;
  if (node.value.tls) {
    tls = std::make_shared<const net::tls::ClientConfig>(client_config(*node.value.tls));
  }
  std::vector<upstream::Balancer::Member> members;
  for (const snapshot::Endpoint& endpoint : node.endpoints->value.endpoints) {
    auto pool = pools_.get({endpoint.host, endpoint.port, tls}, limits);
    if (!pool) {
      base::log::error("an endpoint cannot be used",
                       {{"upstream", node.key}, {"why", pool.error().detail}});
      continue;
    }
    members.push_back({std::move(*pool), 1});
  }
  return std::make_unique<upstream::Balancer>(std::move(members), seed_++);
}

void Upstreams::apply(const std::vector<snapshot::NodeChange<snapshot::UpstreamNode>>& changes) {
  // The new balancer holds its pools before the old one lets go, so that both keep connections.
  for (const auto& change : changes) {
    const snapshot::SlotId id = change.after ? change.after->id : change.before->id;
    if (id.slot >= entries_.size()) entries_.resize(id.slot + 1);
    Entry& entry = entries_[id.slot];
    if (change.after) {
      entry.balancer = build(*change.after);
      entry.generation = id.generation;
    } else if (entry.generation == id.generation) {
      entry.balancer.reset();
    }
  }
}

upstream::Balancer* Upstreams::find(snapshot::SlotId id) {
  if (id.slot >= entries_.size() || entries_[id.slot].generation != id.generation) return nullptr;
  return entries_[id.slot].balancer.get();
}

}  // namespace tollgate::dataplane::exchange::attempt
