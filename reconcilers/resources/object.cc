#include "reconcilers/resources/object.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "reconcilers/document/member.h"

namespace tollgate::reconcilers::resources {

using nlohmann::json;

namespace {

/// Equality of two JSON objects but for some members.
template <std::size_t N>
bool equal_except(const json& a, const json& b, const std::string_view (&ignored)[N]) {
  if (!a.is_object() || !b.is_object()) return a == b;
  const auto skip = [&ignored](const std::string& name) {
    return std::find(std::begin(ignored), std::end(ignored), name) != std::end(ignored);
  };
  const auto covers = [&skip](const json& one, const json& other, bool compare) {
    for (const auto& [name, value] : one.items()) {
      if (skip(name)) continue;
      const auto found = other.find(name);
      if (found == other.end() || (compare && *found != value)) return false;
    }
    return true;
  };
  return covers(a, b, true) && covers(b, a, false);
}

const json& member(const json& object, const char* name) {
  static const json kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

}  // namespace

bool operator==(const Object& a, const Object& b) {
  if (a.kind != b.kind || a.id != b.id) return false;
  if (a.document == b.document) return true;
  constexpr std::string_view kOutside[] = {"status", "metadata"};
  constexpr std::string_view kOutsideOfService[] = {"metadata"};
  constexpr std::string_view kVolatile[] = {"resourceVersion", "managedFields"};
  const json& x = *a.document;
  const json& y = *b.document;
  const bool same = a.kind == Kind::kService ? equal_except(x, y, kOutsideOfService)
                                             : equal_except(x, y, kOutside);
  return same && equal_except(member(x, "metadata"), member(y, "metadata"), kVolatile);
}

base::Result<model::ObjectId> identify(const json& document) {
  const std::string api_version = document::text_of(document, "apiVersion");
  const std::string kind = document::text_of(document, "kind");
  if (api_version.empty() || kind.empty()) {
    return base::config_error(base::Code::kInvalidArgument, "apiVersion and kind must be set");
  }
  const json& metadata = member(document, "metadata");
  model::ObjectId id;
  const auto slash = api_version.find('/');
  id.group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  id.kind = kind;
  id.namespace_ = document::text_of(metadata, "namespace");
  id.name = document::text_of(metadata, "name");
  if (id.name.empty()) {
    return base::config_error(base::Code::kInvalidArgument, kind + " without metadata.name");
  }
  return id;
}

base::Result<Object> make_object(Document document) {
  if (!document) return base::config_error(base::Code::kInvalidArgument, "no document");
  TRY_ASSIGN(model::ObjectId id, identify(*document));
  const KindInfo* info = find_kind(id.group, id.kind);
  const std::string api_version = document::text_of(*document, "apiVersion");
  const std::string version = api_version.substr(api_version.find('/') + 1);
  if (info == nullptr ||
      std::find(info->versions.begin(), info->versions.end(), version) == info->versions.end()) {
    return base::config_error(base::Code::kUnsupported,
                              api_version + " " + id.kind + " is not served by this program");
  }
  if (!info->namespaced) id.namespace_.clear();
  if (info->namespaced && id.namespace_.empty()) id.namespace_ = "default";
  return Object{info->kind, std::move(id), std::move(document)};
}

}  // namespace tollgate::reconcilers::resources
