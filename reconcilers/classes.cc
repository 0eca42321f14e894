#include <algorithm>

#include "reconcilers/conditions.h"
#include "reconcilers/reconcile.h"

namespace tollgate::reconcilers {

namespace {

// What of the conformance suite's features this version serves. Sorted, as the API demands.
const std::vector<std::string>& supported_features() {
  static const std::vector<std::string> features{
      "BackendTLSPolicy",
      "HTTPRoute",
      "HTTPRoute303RedirectStatusCode",
      "HTTPRoute307RedirectStatusCode",
      "HTTPRoute308RedirectStatusCode",
      "HTTPRouteBackendRequestHeaderModification",
      "HTTPRouteBackendTimeout",
      "HTTPRouteMethodMatching",
      "HTTPRouteNamedRouteRule",
      "HTTPRouteParentRefPort",
      "HTTPRoutePathRedirect",
      "HTTPRoutePortRedirect",
      "HTTPRouteQueryParamMatching",
      "HTTPRouteRequestTimeout",
      "HTTPRouteResponseHeaderModification",
      "HTTPRouteSchemeRedirect",
      "ReferenceGrant",
  };
  return features;
}

Verdict check_parameters(const Context& x, const resources::GatewayClass& object, Lookup& look,
                         ClassState& state) {
  if (!object.parameters) return usable();
  const resources::ObjectRef& ref = *object.parameters;
  const std::string name = ref.kind + " " + ref.namespace_ + "/" + ref.name;
  if (ref.group != resources::kEnvoyGroup || ref.kind != "EnvoyProxy") {
    return unusable("InvalidParameters", "spec.parametersRef names " + name + " of group '" +
                                             ref.group + "'; only EnvoyProxy of group " +
                                             std::string(resources::kEnvoyGroup) +
                                             " is understood.");
  }
  if (ref.namespace_.empty()) {
    return unusable("InvalidParameters", "spec.parametersRef needs a namespace.");
  }
  state.proxy = ref.namespace_ + "/" + ref.name;
  const resources::EnvoyProxy* proxy = look.get(x.c.envoy_proxies, state.proxy);
  if (proxy == nullptr) {
    return unusable("InvalidParameters",
                    name + ", which spec.parametersRef names, does not exist.");
  }
  if (!proxy->meta.problems.empty()) {
    return unusable("InvalidParameters",
                    name + " cannot be read: " + describe(proxy->meta.problems) + ".");
  }
  return usable();
}

}  // namespace

void reconcile_class(const Context& x, const resources::GatewayClass& object, Lookup& look,
                     Output& out) {
  const auto& adopted = x.options.adopted_controller_names;
  const bool ours =
      object.controller_name == x.options.controller_name ||
      std::find(adopted.begin(), adopted.end(), object.controller_name) != adopted.end();
  if (!ours) return;

  ClassState state;
  state.controller_name = object.controller_name;
  const Verdict verdict =
      object.meta.problems.empty()
          ? check_parameters(x, object, look, state)
          : unusable("Unsupported",
                     "The class cannot be read: " + describe(object.meta.problems) + ".");
  state.accepted = verdict.usable;
  state.message = verdict.message;

  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  status.conditions.push_back(
      from_verdict(kAccepted, verdict, "Gateways of this class are served by Tollgate."));
  if (verdict.usable) status.supported_features = supported_features();
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
  out.emit(x.c.classes, object.meta.id.name, std::move(state));
}

void reconcile_envoy_proxy(const Context& x, const resources::EnvoyProxy& object, Output& out) {
  model::ObjectStatus status;
  status.id = object.meta.id;
  status.generation = object.meta.generation;
  if (!object.meta.problems.empty()) {
    status.conditions.push_back(unreadable(object.meta.problems));
  } else if (!object.provider.empty() && object.provider != "Kubernetes") {
    status.conditions.push_back(
        no(kAccepted, "Unsupported",
           "spec.provider.type " + object.provider + " is not served; only Kubernetes is."));
  } else {
    status.conditions.push_back(accepted(
        "The settings apply to Gateways whose class or spec.infrastructure names this object.",
        object.ignored));
  }
  status.conditions.push_back(all_resolved());
  out.emit(x.c.statuses, model::key_of(object.meta.id), std::move(status));
}

}  // namespace tollgate::reconcilers
