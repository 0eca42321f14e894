#include "reconcilers/resources/policies.h"

#include <nlohmann/json.hpp>

#include "reconcilers/resources/scalars.h"

namespace tollgate::reconcilers::resources {

BackendTlsPolicy read_backend_tls_policy(const Object& object) {
  BackendTlsPolicy out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.targets = read_target_refs(spec["targetRefs"]);
  const View validation = spec["validation"];
  for (const View& ref : validation["caCertificateRefs"].items()) {
    out.ca_refs.push_back(read_object_ref(ref, "", "ConfigMap"));
  }
  out.well_known = validation["wellKnownCACertificates"].text_or("");
  out.hostname = validation["hostname"].text_or("");
  for (const View& san : validation["subjectAltNames"].items()) {
    if (san["type"].text_or("") == "Hostname") {
      out.subject_alt_names.push_back(san["hostname"].text_or(""));
    } else {
      out.unsupported.push_back(san.path() + " of type " + san["type"].text_or(""));
    }
  }
  for (const std::string& option : spec["options"].fields()) {
    out.unsupported.push_back("spec.options." + option);
  }
  return out;
}

namespace {

/// targetRefs, and the older targetRef as one of them.
}  // namespace

ClientTrafficPolicy read_client_traffic_policy(const Object& object) {
  ClientTrafficPolicy out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.targets = read_all_target_refs(spec);
  out.selectors = read_target_selectors(spec["targetSelectors"]);
  const View limit = spec["connection"]["bufferLimit"];
  if (limit.exists()) {
    const auto number = limit.raw()->is_number() ? limit.integer(0) : std::nullopt;
    const auto text = limit.raw()->is_number() ? std::nullopt : limit.text();
    if (number) out.buffer_limit_bytes = static_cast<std::uint64_t>(*number);
    if (text) out.buffer_limit_bytes = parse_quantity(*text);
    if (!out.buffer_limit_bytes) limit.report("is no quantity such as 50Mi");
  }
  out.ignored =
      other_fields(spec, {"targetRef", "targetRefs", "targetSelectors", "connection.bufferLimit"},
                   {{"connection.maxAcceptPerSocketEvent", "1"}});
  return out;
}

}  // namespace tollgate::reconcilers::resources
