#include "reconcilers/resources/backends.h"
#include "dataplane/catalog/schema.h"

#include <arpa/inet.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/catalog/schema.h"

namespace tollgate::reconcilers::resources {

namespace {

bool is_ip(const std::string& text) {
  in6_addr storage;
  return inet_pton(AF_INET, text.c_str(), &storage) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &storage) == 1;
}

void read_endpoint(const View& view, Backend& out) {
  const View fqdn = view["fqdn"];
  const View ip = view["ip"];
  const int ways = int{fqdn.exists()} + int{ip.exists()} + int{view["unix"].exists()};
  if (ways > 1) {
    view.report("exactly one of fqdn, ip or unix must be set");
    return;
  }
  const View& where = fqdn.exists() ? fqdn : ip;
  if (!where.exists()) {
    const bool unix = view["unix"].exists();
    out.unsupported.push_back(view.path() + (unix ? ".unix" : ""));
    return;
  }
  const std::string host =
      base::to_lower(fqdn.exists() ? fqdn["hostname"].text_or("") : ip["address"].text_or(""));
  const auto port = read_port(where["port"]);
  if (host.empty() || !port) {
    where.report("needs a host and a port above 0");
    return;
  }
  if (ip.exists() && !fqdn.exists() && !is_ip(host)) {
    ip["address"].report("'" + host + "' is no IP address");
    return;
  }
  out.all_ip = out.all_ip && !fqdn.exists();
  out.endpoints.push_back({host, *port});
}

void read_tls(const View& tls, Backend& out) {
  out.has_tls = tls.exists();
  if (!out.has_tls) return;
  const std::string well_known = tls["wellKnownCACertificates"].text_or("");
  out.system_ca = well_known == "System";
  if (!well_known.empty() && !out.system_ca) {
    tls["wellKnownCACertificates"].report("'" + well_known + "' is not known; System is");
  }
  for (const View& ref : tls["caCertificateRefs"].items()) {
    out.ca_refs.push_back(read_object_ref(ref, "", "ConfigMap"));
  }
  out.sni = tls["sni"].text_or("");
  out.auto_sni = tls["autoSNIFromEndpointHostname"].boolean().value_or(false);
  const bool insecure = tls["insecureSkipVerify"].boolean().value_or(false);
  if (int{!out.ca_refs.empty()} + int{!well_known.empty()} + int{insecure} > 1) {
    tls.report(
        "at most one of caCertificateRefs, wellKnownCACertificates and insecureSkipVerify may be "
        "set");
  }
  if (!out.sni.empty() && out.auto_sni) {
    tls.report("sni and autoSNIFromEndpointHostname must not both be set");
  }
  for (std::string& field : other_fields(tls, {"wellKnownCACertificates", "caCertificateRefs",
                                               "sni", "autoSNIFromEndpointHostname"})) {
    if (field == "spec.tls.insecureSkipVerify" && !insecure) continue;  // the default, written out
    out.unsupported.push_back(field);
  }
}

}  // namespace

AiServiceBackend read_ai_service_backend(const Object& object) {
  AiServiceBackend out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.schema = spec["schema"]["name"].text_or("");
  out.schema_prefix = spec["schema"]["prefix"].text_or("");
  out.schema_version = spec["schema"]["version"].text_or("");
  const View annotations = View(*object.document, "", out.meta.problems)["metadata"]["annotations"];
  out.api = annotations[tollgate::dataplane::catalog::kApiAnnotation].text_or("");
  out.backend = read_object_ref(spec["backendRef"], "", "Service");
  out.ignored = other_fields(spec, {"schema.name", "schema.prefix", "schema.version", "backendRef",
                                    "headerMutation", "bodyMutation"});
  out.body = read_body_mutation(spec["bodyMutation"]);
  out.headers = read_header_mutation(spec["headerMutation"], out.ignored);
  return out;
}

Backend read_backend(const Object& object) {
  Backend out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.type = spec["type"].text_or("Endpoints");
  out.all_ip = true;
  std::size_t named = 0;
  const std::vector<View> endpoints = spec["endpoints"].items();
  for (const View& endpoint : endpoints) {
    read_endpoint(endpoint, out);
    if (endpoint["fqdn"].exists()) ++named;
  }
  if (named > 0 && named < endpoints.size()) {
    spec["endpoints"].report("fqdn endpoints cannot be mixed with ip or unix endpoints");
  }
  read_tls(spec["tls"], out);
  for (const std::string& protocol : spec["appProtocols"].texts()) {
    if (protocol == "gateway.envoyproxy.io/ws") continue;
    out.unsupported.push_back("spec.appProtocols: " + protocol);
  }
  if (spec["fallback"].boolean().value_or(false)) out.unsupported.push_back("spec.fallback");
  out.ignored = other_fields(
      spec, {"type", "endpoints.fqdn.hostname", "endpoints.fqdn.port", "endpoints.ip.address",
             "endpoints.ip.port", "endpoints.unix", "tls", "appProtocols", "fallback"});
  return out;
}

Service read_service(const Object& object) {
  Service out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.type = spec["type"].text_or("ClusterIP");
  for (const View& item : spec["ports"].items()) {
    const auto port = read_port(item["port"]);
    if (!port) continue;
    out.ports.push_back({item["name"].text_or(""), *port, item["protocol"].text_or("TCP"),
                         item["appProtocol"].text_or("")});
  }
  return out;
}

ServiceAddresses read_service_addresses(const Object& object) {
  ServiceAddresses out;
  Problems problems;
  const View root(*object.document, "", problems);
  const View spec = root["spec"];
  out.type = spec["type"].text_or("ClusterIP");
  const View labels = root["metadata"]["labels"];
  out.ours = labels["app.kubernetes.io/managed-by"].text_or("") == "tollgate";
  for (const View& ingress : root["status"]["loadBalancer"]["ingress"].items()) {
    const std::string ip = ingress["ip"].text_or("");
    const std::string hostname = ingress["hostname"].text_or("");
    if (!ip.empty()) out.load_balancer.push_back({"IPAddress", ip});
    if (ip.empty() && !hostname.empty()) out.load_balancer.push_back({"Hostname", hostname});
  }
  for (const std::string& ip : spec["externalIPs"].texts()) {
    out.external.push_back({"IPAddress", ip});
  }
  std::vector<std::string> ips = spec["clusterIPs"].texts();
  if (ips.empty()) ips.push_back(spec["clusterIP"].text_or(""));
  for (const std::string& ip : ips) {
    if (!ip.empty() && ip != "None") out.cluster.push_back({"IPAddress", ip});
  }
  return out;
}

EndpointSlice read_endpoint_slice(const Object& object) {
  EndpointSlice out;
  out.meta = read_meta(object);
  const View root(*object.document, "", out.meta.problems);
  out.service = root["metadata"]["labels"]["kubernetes.io/service-name"].text_or("");
  out.address_type = root["addressType"].text_or("");
  for (const View& item : root["ports"].items()) {
    const auto port = read_port(item["port"]);
    if (port) out.ports.push_back({item["name"].text_or(""), *port});
  }
  for (const View& endpoint : root["endpoints"].items()) {
    // Absent means ready (the API's own rule for unknown state).
    if (!endpoint["conditions"]["ready"].boolean().value_or(true)) continue;
    const std::vector<std::string> addresses = endpoint["addresses"].texts();
    // All addresses of one entry are the same endpoint: the first stands for it.
    if (!addresses.empty()) out.ready_addresses.push_back(addresses.front());
  }
  std::sort(out.ready_addresses.begin(), out.ready_addresses.end());
  return out;
}

Secret read_secret(const Object& object) {
  Secret out;
  out.meta = read_meta(object);
  const View root(*object.document, "", out.meta.problems);
  for (const auto& [name, encoded] : root["data"].text_map()) {
    auto decoded = base::base64_decode(encoded);
    if (!decoded) {
      root["data"][name].report("is not base64");
      continue;
    }
    out.data.emplace(name, SecretField{base::Secret(*std::move(decoded))});
  }
  // The API server turns stringData into data; files still carry it, and it wins there too.
  for (auto& [name, value] : root["stringData"].text_map()) {
    out.data.insert_or_assign(name, SecretField{base::Secret(value)});
  }
  return out;
}

ConfigMap read_config_map(const Object& object) {
  ConfigMap out;
  out.meta = read_meta(object);
  const View root(*object.document, "", out.meta.problems);
  out.data = root["data"].text_map();
  return out;
}

}  // namespace tollgate::reconcilers::resources
