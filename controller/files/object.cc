#include "controller/files/object.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/schema/time.h"
#include "dataplane/base/hash.h"

namespace tollgate::controller::files {
namespace {

using nlohmann::json;

/// What an exported object carries from the server that it was in, without its age.
constexpr const char* kServerFields[] = {"deletionGracePeriodSeconds",
                                         "deletionTimestamp",
                                         "generateName",
                                         "generation",
                                         "managedFields",
                                         "resourceVersion",
                                         "selfLink",
                                         "uid"};
constexpr const char* kCreated = "creationTimestamp";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kNamespaceLabel = "kubernetes.io/metadata.name";

std::string uid(const schema::Kind& kind, const json& metadata) {
  const std::string ns = metadata.value("namespace", "");
  const std::string name = metadata.value("name", "");
  std::string out =
      to_hex(dataplane::base::hash128(kind.group + "\n" + kind.kind + "\n" + ns + "\n" + name));
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) out.insert(dash, "-");
  return out;
}

/// An exported object says when it was made; generated manifests often say null.
bool has_age(const json& metadata) {
  const auto found = metadata.find(kCreated);
  return found != metadata.end() && found->is_string() &&
         schema::parse_rfc3339(found->get_ref<const std::string&>());
}

}  // namespace

void fold_string_data(json& secret, std::vector<schema::Issue>& errors) {
  json data = secret.value("data", json::object());
  for (auto& [key, value] : data.items()) {
    std::string text = value.get<std::string>();
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
    if (!dataplane::base::base64_decode(text)) {
      errors.push_back({"data." + key, "must be base64; plain text goes into stringData"});
    }
    value = std::move(text);
  }
  if (const auto plain = secret.find("stringData"); plain != secret.end()) {
    for (const auto& [key, value] : plain->items()) {
      data[key] = dataplane::base::base64_encode(value.get_ref<const std::string&>());
    }
    secret.erase(plain);
  }
  if (!data.empty()) secret["data"] = std::move(data);
}

void complete_metadata(const schema::Kind& kind, std::string_view created, json& object) {
  json& metadata = object["metadata"];
  for (const char* field : kServerFields) metadata.erase(field);
  // Not part of the content, so that an object is the same with and without it.
  const std::string age =
      has_age(metadata) ? metadata[kCreated].get<std::string>() : std::string(created);
  metadata.erase(kCreated);
  if (const auto found = metadata.find("annotations"); found != metadata.end()) {
    found->erase(kLastApplied);
  }
  if (kind.group.empty() && kind.kind == "Namespace") {
    metadata["labels"][kNamespaceLabel] = metadata["name"];
  }
  const std::uint64_t version = dataplane::base::hash128(object.dump()).low >> 1U;
  metadata["uid"] = uid(kind, metadata);
  metadata["generation"] = 1;
  metadata["resourceVersion"] = std::to_string(version);
  metadata[kCreated] = age;
}

}  // namespace tollgate::controller::files
