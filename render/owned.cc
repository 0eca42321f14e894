#include "render/owned.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dataplane/base/hash.h"

namespace tollgate::render {

using nlohmann::json;

namespace {

constexpr int kUser = 65532;
/// At its end a proxy first serves on and asks clients to reconnect, until Services and load
/// balancers have stopped sending to it; then what is under way gets the rest of the time.
constexpr int kDrainDelaySeconds = 5;
constexpr int kDrainSeconds = 60;
constexpr std::size_t kMaxLabelBytes = 63;
constexpr std::size_t kHashDigits = 10;
constexpr std::string_view kCertMount = "/etc/tollgate/tls";
constexpr std::string_view kStateMount = "/var/lib/tollgate";

/// A label's value has at most 63 bytes; a longer name is cut and told apart by its hash.
std::string label_value(const std::string& text) {
  if (text.size() <= kMaxLabelBytes) return text;
  const std::string hash = dataplane::base::sha256_hex(text).substr(0, kHashDigits);
  return text.substr(0, kMaxLabelBytes - kHashDigits - 1) + "-" + hash;
}

json selector_of(const model::Gateway& gateway) {
  return {{"gateway.networking.k8s.io/gateway-name", label_value(gateway.owner.id.name)}};
}

json labels_of(const model::Gateway& gateway, const OwnedOptions& options) {
  json labels = json::object();
  for (const auto& [name, value] : gateway.infrastructure.labels) labels[name] = value;
  labels.update(selector_of(gateway));
  labels["gateway.networking.k8s.io/gateway-class-name"] = label_value(gateway.class_name);
  labels["gateway.envoyproxy.io/owning-gateway-name"] = label_value(gateway.owner.id.name);
  labels["gateway.envoyproxy.io/owning-gateway-namespace"] = gateway.owner.id.namespace_;
  labels["app.kubernetes.io/name"] = "tollgate-proxy";
  labels["app.kubernetes.io/component"] = "proxy";
  labels["app.kubernetes.io/managed-by"] = "tollgate";
  if (!options.version.empty()) labels["app.kubernetes.io/version"] = options.version;
  return labels;
}

json metadata_of(const model::Gateway& gateway, const std::string& name,
                 const OwnedOptions& options) {
  json metadata = {{"name", name},
                   {"namespace", gateway.owner.id.namespace_},
                   {"labels", labels_of(gateway, options)},
                   {"ownerReferences", json::array({{{"apiVersion", "gateway.networking.k8s.io/v1"},
                                                     {"kind", "Gateway"},
                                                     {"name", gateway.owner.id.name},
                                                     {"uid", gateway.uid},
                                                     {"controller", true},
                                                     {"blockOwnerDeletion", true}}})}};
  if (!options.operator_namespace.empty()) {
    metadata["labels"][kOperatorLabel] = options.operator_namespace;
  }
  if (!gateway.infrastructure.annotations.empty()) {
    metadata["annotations"] = gateway.infrastructure.annotations;
  }
  return metadata;
}

json env_field(const char* name, const char* path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

json probe(const char* path, int period_s, int failures) {
  return {{"httpGet", {{"path", path}, {"port", "metrics"}}},
          {"periodSeconds", period_s},
          {"timeoutSeconds", 2},
          {"failureThreshold", failures}};
}

/// Ports of a listener's socket, each once.
std::map<std::uint16_t, std::uint16_t> ports_of(const model::Gateway& gateway) {
  std::map<std::uint16_t, std::uint16_t> ports;  // Service port -> bound port
  for (const model::Listener& listener : gateway.listeners) {
    if (listener.accepted) ports.emplace(listener.port, listener.bind_port);
  }
  return ports;
}

json container_of(const model::Gateway& gateway, const OwnedOptions& options) {
  json ports = json::array();
  std::set<std::uint16_t> bound;
  for (const auto& [port, bind_port] : ports_of(gateway)) {
    if (!bound.insert(bind_port).second) continue;
    ports.push_back({{"name", "http-" + std::to_string(port)},
                     {"containerPort", bind_port},
                     {"protocol", "TCP"}});
  }
  ports.push_back({{"name", "metrics"}, {"containerPort", kProxyAdminPort}, {"protocol", "TCP"}});
  json resources = {{"requests", {{"cpu", "100m"}, {"memory", "128Mi"}}}};
  if (gateway.infrastructure.resources) resources = *gateway.infrastructure.resources;
  const std::string admin = "0.0.0.0:" + std::to_string(kProxyAdminPort);
  return {{"name", "proxy"},
          {"image", options.image},
          {"args", json::array({"--controller", options.controller, "--gateway",
                                model::path_of(gateway.owner.id), "--cert-dir", kCertMount,
                                "--state-dir", kStateMount, "--admin", admin, "--drain-delay-ms",
                                std::to_string(kDrainDelaySeconds * 1000), "--drain-timeout-ms",
                                std::to_string(kDrainSeconds * 1000)})},
          {"env", json::array({env_field("POD_NAME", "metadata.name"),
                               env_field("POD_NAMESPACE", "metadata.namespace"),
                               env_field("POD_IP", "status.podIP"),
                               env_field("NODE_NAME", "spec.nodeName")})},
          {"ports", std::move(ports)},
          {"livenessProbe", probe("/healthz", 10, 3)},
          {"readinessProbe", probe("/ready", 2, 2)},
          {"resources", std::move(resources)},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"runAsNonRoot", true},
            {"capabilities", {{"drop", json::array({"ALL"})}}}}},
          {"volumeMounts",
           json::array({{{"name", "tls"}, {"mountPath", kCertMount}, {"readOnly", true}},
                        {{"name", "state"}, {"mountPath", kStateMount}}})}};
}

json deployment_of(const model::Gateway& gateway, const std::string& name,
                   const std::string& service_account, const OwnedOptions& options) {
  json template_metadata = {{"labels", labels_of(gateway, options)}};
  if (!gateway.infrastructure.annotations.empty()) {
    template_metadata["annotations"] = gateway.infrastructure.annotations;
  }
  json pod = {
      {"serviceAccountName", service_account},
      {"automountServiceAccountToken", false},
      {"terminationGracePeriodSeconds", kDrainDelaySeconds + kDrainSeconds + 5},
      {"securityContext",
       {{"runAsNonRoot", true},
        {"runAsUser", kUser},
        {"runAsGroup", kUser},
        {"fsGroup", kUser},
        {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
      {"containers", json::array({container_of(gateway, options)})},
      {"volumes",
       json::array({{{"name", "tls"},
                     {"secret", {{"secretName", identity_secret_name(gateway.owner.id.name)}}}},
                    {{"name", "state"}, {"emptyDir", {{"sizeLimit", "256Mi"}}}}})}};
  json spec = {
      {"selector", {{"matchLabels", selector_of(gateway)}}},
      {"strategy",
       {{"type", "RollingUpdate"},
        {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", "25%"}}}}},
      {"template", {{"metadata", std::move(template_metadata)}, {"spec", std::move(pod)}}}};
  // Left to an autoscaler unless somebody says a number.
  if (gateway.infrastructure.replicas) spec["replicas"] = *gateway.infrastructure.replicas;
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", metadata_of(gateway, name, options)},
          {"spec", std::move(spec)}};
}

json service_of(const model::Gateway& gateway, const std::string& name,
                const OwnedOptions& options) {
  json metadata = metadata_of(gateway, name, options);
  for (const auto& [key, value] : gateway.infrastructure.service_annotations) {
    metadata["annotations"][key] = value;
  }
  json ports = json::array();
  for (const auto& [port, bind_port] : ports_of(gateway)) {
    ports.push_back({{"name", "http-" + std::to_string(port)},
                     {"port", port},
                     {"targetPort", bind_port},
                     {"protocol", "TCP"}});
  }
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", std::move(metadata)},
          {"spec",
           {{"type", "LoadBalancer"},
            {"externalTrafficPolicy", "Local"},
            {"selector", selector_of(gateway)},
            {"ports", std::move(ports)}}}};
}

OwnedObject make_owned(std::string group, std::string kind, const model::Gateway& gateway,
                       std::string name, json document) {
  OwnedObject out;
  out.id = {std::move(group), std::move(kind), gateway.owner.id.namespace_, std::move(name)};
  out.hash = dataplane::base::to_hex(dataplane::base::hash128(document.dump()));
  out.document = std::make_shared<const json>(std::move(document));
  return out;
}

}  // namespace

std::string identity_secret_name(const std::string& gateway_name) {
  return model::object_name(gateway_name) + "-tollgate-tls";
}

std::vector<OwnedObject> render_owned(const model::Gateway& gateway, bool service_account_exists,
                                      const OwnedOptions& options) {
  std::vector<OwnedObject> out;
  if (!gateway.accepted || ports_of(gateway).empty()) return out;
  const std::string name = model::object_name(gateway.owner.id.name);
  const std::string& wanted = gateway.infrastructure.service_account;
  const std::string account = wanted.empty() ? name : wanted;
  out.push_back(make_owned("apps", "Deployment", gateway, name,
                           deployment_of(gateway, name, account, options)));
  out.push_back(make_owned("", "Service", gateway, name, service_of(gateway, name, options)));
  if (!service_account_exists) {
    out.push_back(make_owned("", "ServiceAccount", gateway, account,
                             {{"apiVersion", "v1"},
                              {"kind", "ServiceAccount"},
                              {"metadata", metadata_of(gateway, account, options)},
                              {"automountServiceAccountToken", false}}));
  }
  return out;
}

}  // namespace tollgate::render
