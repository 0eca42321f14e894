#include "reconcilers/resources/gateway.h"

#include <nlohmann/json.hpp>

#include "dataplane/base/text.h"

namespace tollgate::reconcilers::resources {

namespace {

Listener read_listener(const View& view) {
  Listener listener;
  listener.name = view["name"].text_or("");
  listener.port = read_port(view["port"]).value_or(0);
  if (listener.port == 0 && !view["port"].exists()) view["port"].report("must be set");
  listener.protocol = view["protocol"].text_or("");
  listener.hostname = base::to_lower(view["hostname"].text_or(""));
  listener.has_tls = view["tls"].exists();
  const View allowed = view["allowedRoutes"];
  listener.from = allowed["namespaces"]["from"].text_or("Same");
  if (listener.from == "Selector") {
    listener.selector = read_label_selector(allowed["namespaces"]["selector"]);
  } else if (listener.from != "Same" && listener.from != "All" && listener.from != "None") {
    allowed["namespaces"]["from"].report("'" + listener.from + "' is none of All, Same, Selector");
  }
  const View kinds = allowed["kinds"];
  listener.kinds_given = kinds.exists() && !kinds.items().empty();
  for (const View& kind : kinds.items()) {
    listener.kinds.push_back({kind["group"].text_or(kGatewayGroup), kind["kind"].text_or("")});
  }
  return listener;
}

}  // namespace

GatewayClass read_gateway_class(const Object& object) {
  GatewayClass out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.controller_name = spec["controllerName"].text_or("");
  if (spec["parametersRef"].exists()) {
    out.parameters = read_object_ref(spec["parametersRef"], "", "");
  }
  return out;
}

Gateway read_gateway(const Object& object) {
  Gateway out;
  out.meta = read_meta(object);
  const View root(*object.document, "", out.meta.problems);
  const View spec = root["spec"];
  out.uid = root["metadata"]["uid"].text_or("");
  out.class_name = spec["gatewayClassName"].text_or("");
  for (const View& listener : spec["listeners"].items()) {
    out.listeners.push_back(read_listener(listener));
  }
  for (const View& address : spec["addresses"].items()) {
    out.addresses.push_back({address["type"].text_or("IPAddress"), address["value"].text_or("")});
  }
  const View infrastructure = spec["infrastructure"];
  out.labels = infrastructure["labels"].text_map();
  out.annotations = infrastructure["annotations"].text_map();
  if (infrastructure["parametersRef"].exists()) {
    out.parameters = read_object_ref(infrastructure["parametersRef"], "", "");
  }
  const View annotations = root["metadata"]["annotations"];
  out.config = annotations[kConfigAnnotation].text_or("");
  out.store = annotations[kStoreAnnotation].text_or("");
  out.store_secret = annotations[kStoreSecretAnnotation].text_or("");
  out.ignored = other_fields(spec, {"gatewayClassName", "listeners", "addresses", "infrastructure"},
                             {{"allowedListeners", R"({"namespaces":{"from":"None"}})"}});
  return out;
}

bool operator==(const EnvoyProxy& a, const EnvoyProxy& b) {
  const bool same_resources =
      a.resources == b.resources || (a.resources && b.resources && *a.resources == *b.resources);
  return a.meta == b.meta && a.provider == b.provider &&
         a.service_annotations == b.service_annotations && a.service_account == b.service_account &&
         a.replicas == b.replicas && same_resources && a.ignored == b.ignored;
}

EnvoyProxy read_envoy_proxy(const Object& object) {
  EnvoyProxy out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.provider = spec["provider"]["type"].text_or("");
  const View kubernetes = spec["provider"]["kubernetes"];
  out.service_annotations = kubernetes["envoyService"]["annotations"].text_map();
  out.service_account = kubernetes["envoyServiceAccount"]["name"].text_or("");
  // The older way to say the same; the newer one wins.
  const View deployment = kubernetes["envoyDeployment"];
  if (out.service_account.empty()) {
    out.service_account = deployment["pod"]["serviceAccountName"].text_or("");
  }
  if (const auto replicas = deployment["replicas"].integer(0, 1'000)) {
    out.replicas = static_cast<std::int32_t>(*replicas);
  }
  const View resources = deployment["container"]["resources"];
  if (resources.exists()) {
    if (resources.raw()->is_object()) {
      if (!resources.raw()->empty()) {
        out.resources = std::make_shared<const nlohmann::json>(*resources.raw());
      }
    } else {
      resources.report("expected an object");
    }
  }
  out.ignored =
      other_fields(spec,
                   {"provider.type", "provider.kubernetes.envoyService.annotations",
                    "provider.kubernetes.envoyServiceAccount.name",
                    "provider.kubernetes.envoyDeployment.replicas",
                    "provider.kubernetes.envoyDeployment.pod.serviceAccountName",
                    "provider.kubernetes.envoyDeployment.container.resources"},
                   {{"logging", R"({"level":{"default":"warn"}})"},
                    {"provider.kubernetes.envoyService.externalTrafficPolicy", R"("Local")"},
                    {"provider.kubernetes.envoyService.type", R"("LoadBalancer")"}});
  return out;
}

ReferenceGrant read_reference_grant(const Object& object) {
  ReferenceGrant out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  for (const View& from : spec["from"].items()) {
    out.from.push_back(
        {from["group"].text_or(""), from["kind"].text_or(""), from["namespace"].text_or("")});
  }
  for (const View& to : spec["to"].items()) {
    out.to.push_back({to["group"].text_or(""), to["kind"].text_or(""), to["name"].text()});
  }
  return out;
}

Namespace read_namespace(const Object& object) {
  Problems problems;
  const View root(*object.document, "", problems);
  return {root["metadata"]["labels"].text_map()};
}

}  // namespace tollgate::reconcilers::resources
