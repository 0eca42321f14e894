#include <map>

#include "reconcilers/certificates.h"
#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace {

std::string sentences(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& sentence : list) out += (out.empty() ? "" : " ") + sentence;
  return out;
}

Verdict check(const Context& x, const resources::BackendTlsPolicy& object, Lookup& look,
              TlsState& state) {
  if (!object.meta.problems.empty()) {
    return unusable("Invalid",
                    "The policy cannot be read: " + describe(object.meta.problems) + ".");
  }
  if (!object.unsupported.empty()) {
    return unusable("Invalid",
                    "Not served by this version: " + join_names(object.unsupported) + ".");
  }
  if (object.hostname.empty()) return unusable("Invalid", "validation.hostname must be set.");
  if (!object.well_known.empty() && object.well_known != "System") {
    return unusable("Invalid", "validation.wellKnownCACertificates '" + object.well_known +
                                   "' is not known; System is.");
  }
  state.tls.system_ca = !object.well_known.empty();
  if (state.tls.system_ca == !object.ca_refs.empty()) {
    return unusable("Invalid",
                    "validation needs either caCertificateRefs or wellKnownCACertificates.");
  }
  state.tls.sni = object.hostname;
  state.tls.hostname = object.hostname;
  state.tls.subject_alt_names = object.subject_alt_names;
  CaBundle bundle = gather_ca(look, x.c, object.ca_refs, object.meta.id.namespace_);
  state.owners.insert(state.owners.end(), bundle.owners.begin(), bundle.owners.end());
  state.tls.ca_pem = std::move(bundle.pem);
  if (!bundle.faults.empty()) {
    return unusable(bundle.wrong_kind ? "InvalidKind" : "InvalidCACertificateRef",
                    sentences(bundle.faults));
  }
  return usable();
}

/// What the policy means for one target, as conditions without Programmed.
std::vector<model::Condition> judge(const Context& x, const TlsState& policy,
                                    const resources::TargetRef& target, Lookup& look) {
  const model::ObjectId id{target.group, target.kind, policy.meta.id.namespace_, target.name};
  const bool ca_fault =
      policy.verdict.reason == "InvalidCACertificateRef" || policy.verdict.reason == "InvalidKind";
  std::vector<model::Condition> out;
  const TlsState* best = nullptr;
  for (const auto& entry : look.list(x.c.tls_states_on, model::key_of(id))) {
    for (const resources::TargetRef& other : entry.value->targets) {
      const bool same = other.name == target.name && other.kind == target.kind &&
                        other.group == target.group && other.section_name == target.section_name;
      if (same && (best == nullptr || tls_before(*entry.value, false, *best, false))) {
        best = entry.value;
      }
    }
  }
  if (best != nullptr && best->meta.id != policy.meta.id) {
    out.push_back(no(kAccepted, "Conflicted",
                     "BackendTLSPolicy " + best->meta.path() +
                         " is older and targets the same; this policy has no effect there."));
  } else if (ca_fault && policy.tls.ca_pem.empty()) {
    out.push_back(no(kAccepted, "NoValidCACertificate",
                     policy.verdict.message + " Requests to the target are answered with 500."));
  } else if (!policy.verdict.usable && !ca_fault) {
    out.push_back(no(kAccepted, policy.verdict.reason,
                     policy.verdict.message + " Requests to the target are answered with 500."));
  } else {
    out.push_back(yes(kAccepted, "Accepted", "Connections to the target use this policy."));
  }
  out.push_back(ca_fault ? no(kResolvedRefs, policy.verdict.reason, policy.verdict.message)
                         : all_resolved());
  return out;
}

/// The upstreams that a target stands for, as far as Gateways use them.
std::map<std::string, std::string> gateways_of(const Context& x, const TlsState& policy,
                                               const resources::TargetRef& target, Lookup& look) {
  std::map<std::string, std::string> out;  // Gateway -> controller name
  const auto add = [&](const model::UpstreamId& id) {
    for (const auto& entry : look.list(x.c.upstream_users, model::key_of(id))) {
      out.emplace(entry.value->gateway, entry.value->controller_name);
    }
  };
  const std::string& ns = policy.meta.id.namespace_;
  if (target.kind == "Backend" && target.group == resources::kEnvoyGroup) {
    add({ns, target.name, 0});
  } else if (target.kind == "Service" && target.group.empty()) {
    const resources::Service* service = look.get(x.c.services, ns + "/" + target.name);
    if (service == nullptr) return out;
    for (const auto& port : service->ports) {
      if (!target.section_name || *target.section_name == port.name) {
        add({ns, target.name, port.port});
      }
    }
  }
  return out;
}

}  // namespace

void check_tls_policy(const Context& x, const resources::BackendTlsPolicy& object, Lookup& look,
                      Output& out) {
  TlsState state;
  state.meta = object.meta;
  state.targets = object.targets;
  state.owners.push_back(object.meta.owner());
  state.verdict = check(x, object, look, state);
  // Some certificates are better than none: the policy works with those that are there.
  if (!state.tls.ca_pem.empty() && state.verdict.reason == "InvalidCACertificateRef") {
    state.verdict.usable = true;
  }
  out.emit(x.c.tls_states, object.meta.path(), std::move(state));
}

void tls_policy_status(const Context& x, const TlsState& policy, Lookup& look, Output& out) {
  model::ObjectStatus status;
  status.id = policy.meta.id;
  status.generation = policy.meta.generation;
  status.scope = model::StatusScope::kAncestors;
  // One entry per Gateway; what the targets mean is joined, the worst first.
  std::map<std::string, model::ParentStatus> ancestors;
  for (const resources::TargetRef& target : policy.targets) {
    const std::vector<model::Condition> conditions = judge(x, policy, target, look);
    for (const auto& [gateway, controller] : gateways_of(x, policy, target, look)) {
      const auto slash = gateway.find('/');
      model::ParentStatus entry;
      entry.ref = {std::string(resources::kGatewayGroup),
                   "Gateway",
                   gateway.substr(0, slash),
                   gateway.substr(slash + 1),
                   std::nullopt,
                   std::nullopt};
      entry.controller_name = controller;
      entry.conditions = conditions;
      const bool good = model::is_true(conditions, kAccepted);
      if (good) entry.gateway = gateway;
      if (!good) {
        entry.conditions.push_back(no(kProgrammed, "Invalid", "The policy is not accepted."));
      }
      const auto [at, inserted] = ancestors.emplace(gateway, entry);
      if (!inserted && !good && model::is_true(at->second.conditions, kAccepted)) {
        at->second = entry;
      }
    }
  }
  for (auto& [gateway, entry] : ancestors) status.ancestors.push_back(std::move(entry));
  out.emit(x.c.statuses, model::key_of(policy.meta.id), std::move(status));
}

}  // namespace tollgate::reconcilers
