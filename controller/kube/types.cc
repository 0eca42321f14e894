#include "controller/kube/types.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dataplane/base/text.h"

namespace tollgate::controller::kube {

namespace {

bool comparable(std::string_view version) {
  return !version.empty() && version.front() != '0' &&
         std::all_of(version.begin(), version.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const nlohmann::json* member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string_view string_member(const nlohmann::json& object, const char* name) {
  const nlohmann::json* value = member(object, name);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_ref<const std::string&>();
}

}  // namespace

std::string ResourceType::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

std::string to_string(const ObjectKey& key) {
  std::string text = key.group.empty() ? key.kind : key.group + "/" + key.kind;
  text += ' ';
  if (!key.namespace_.empty()) text += key.namespace_ + "/";
  return text + key.name;
}

std::string collection_path(const ResourceType& type, std::string_view namespace_) {
  std::string path =
      type.group.empty() ? "/api/" : "/apis/" + base::percent_encoded(type.group) + "/";
  path += base::percent_encoded(type.version);
  if (type.namespaced && !namespace_.empty())
    path += "/namespaces/" + base::percent_encoded(namespace_);
  return path + "/" + base::percent_encoded(type.plural);
}

std::string object_path(const ObjectRef& ref, std::string_view subresource) {
  std::string path =
      collection_path(ref.type, ref.namespace_) + "/" + base::percent_encoded(ref.name);
  if (!subresource.empty()) path += "/" + std::string(subresource);
  return path;
}

std::string_view metadata_string(const nlohmann::json& object, const char* field) {
  const nlohmann::json* metadata = member(object, "metadata");
  return metadata == nullptr ? std::string_view() : string_member(*metadata, field);
}

std::string_view resource_version_of(const nlohmann::json& object) {
  return metadata_string(object, "resourceVersion");
}

std::int64_t generation_of(const nlohmann::json& object) {
  const nlohmann::json* metadata = member(object, "metadata");
  if (metadata == nullptr) return 0;
  const nlohmann::json* generation = member(*metadata, "generation");
  if (generation == nullptr || !generation->is_number_integer()) return 0;
  return generation->get<std::int64_t>();
}

ObjectKey key_of(const nlohmann::json& object) {
  ObjectKey key;
  const std::string_view api_version = string_member(object, "apiVersion");
  const std::size_t slash = api_version.find('/');
  if (slash != std::string_view::npos) key.group = api_version.substr(0, slash);
  key.kind = string_member(object, "kind");
  key.namespace_ = metadata_string(object, "namespace");
  key.name = metadata_string(object, "name");
  return key;
}

std::optional<std::strong_ordering> compare_resource_versions(std::string_view a,
                                                              std::string_view b) {
  if (!comparable(a) || !comparable(b)) return std::nullopt;
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

}  // namespace tollgate::controller::kube
