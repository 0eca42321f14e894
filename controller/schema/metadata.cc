#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "controller/schema/passes.h"

namespace tollgate::controller::schema {
namespace {

using nlohmann::json;

// RFC 1123, as Kubernetes limits it.
constexpr std::size_t kMaxNameBytes = 253;
constexpr std::size_t kMaxLabelBytes = 63;
// Of all annotations of an object together.
constexpr std::size_t kMaxAnnotationBytes = 256u << 10;

constexpr std::string_view kKnown[] = {"annotations",
                                       "creationTimestamp",
                                       "deletionGracePeriodSeconds",
                                       "deletionTimestamp",
                                       "finalizers",
                                       "generateName",
                                       "generation",
                                       "labels",
                                       "managedFields",
                                       "name",
                                       "namespace",
                                       "ownerReferences",
                                       "resourceVersion",
                                       "selfLink",
                                       "uid"};

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool is_dns_label(std::string_view text) {
  if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_dns_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// A label value, or the part of a label key behind the slash.
bool is_label_text(std::string_view text) {
  if (text.empty() || text.size() > kMaxLabelBytes) return false;
  if (!is_alnum(text.front()) || !is_alnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_name(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == key.npos) return is_label_text(key);
  return is_dns_name(key.substr(0, slash)) && is_label_text(key.substr(slash + 1));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

/// A map of strings; false if it is something else, which is then an error.
bool check_string_map(const json& map, const Path& path, std::vector<Issue>& errors) {
  if (!map.is_object()) {
    add_issue(errors, path, "must be a map");
    return false;
  }
  bool good = true;
  for (const auto& [key, value] : map.items()) {
    if (value.is_string()) continue;
    add_issue(errors, path.member(key),
              std::string("must be a string, got a ") + value.type_name() + "; put it in quotes");
    good = false;
  }
  return good;
}

void check_labels(const json& metadata, const Path& path, std::vector<Issue>& errors) {
  const auto labels = metadata.find("labels");
  const Path here = path.member("labels");
  if (labels == metadata.end() || !check_string_map(*labels, here, errors)) return;
  for (const auto& [key, value] : labels->items()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!is_qualified_name(key)) add_issue(errors, here.member(key), "is not a valid label name");
    if (!text.empty() && !is_label_text(text)) {
      add_issue(errors, here.member(key), "is not a valid label value: \"" + text + "\"");
    }
  }
}

void check_annotations(const json& metadata, const Path& path, std::vector<Issue>& errors) {
  const auto annotations = metadata.find("annotations");
  const Path here = path.member("annotations");
  if (annotations == metadata.end() || !check_string_map(*annotations, here, errors)) return;
  std::size_t bytes = 0;
  for (const auto& [key, value] : annotations->items()) {
    bytes += key.size() + value.get_ref<const std::string&>().size();
    if (!is_qualified_name(lower(key))) {
      add_issue(errors, here.member(key), "is not a valid annotation name");
    }
  }
  if (bytes > kMaxAnnotationBytes) {
    add_issue(errors, here, "must have at most " + std::to_string(kMaxAnnotationBytes) + " bytes");
  }
}

bool is_empty_text(const json& value) {
  return value.is_string() && value.get_ref<const std::string&>().empty();
}

void check_name(const json& metadata, const Path& path, std::vector<Issue>& errors) {
  const auto name = metadata.find("name");
  const Path here = path.member("name");
  if (name == metadata.end() || is_empty_text(*name)) {
    add_issue(errors, here,
              metadata.contains("generateName") ? "is required; generateName does not work in files"
                                                : "is required");
  } else if (!name->is_string()) {
    add_issue(errors, here, "must be a string; put it in quotes");
  } else if (!is_dns_name(name->get_ref<const std::string&>())) {
    add_issue(errors, here,
              "must consist of lower-case letters, digits, '-' and '.', and begin and end with a "
              "letter or digit");
  }
}

void check_namespace(const Kind& kind, std::string_view fallback, json& metadata, const Path& path,
                     Checked& checked) {
  const auto found = metadata.find("namespace");
  const Path here = path.member("namespace");
  if (kind.scope == Scope::kCluster) {
    if (found == metadata.end()) return;
    metadata.erase(found);
    add_issue(checked.warnings, here, kind.kind + " objects have no namespace; it is ignored");
    return;
  }
  if (found == metadata.end() || is_empty_text(*found)) {
    metadata["namespace"] = fallback;
    return;
  }
  if (!found->is_string()) {
    add_issue(checked.errors, here, "must be a string; put it in quotes");
    return;
  }
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() > kMaxLabelBytes || !is_dns_label(text)) {
    add_issue(checked.errors, here, "must consist of lower-case letters, digits and '-'");
  }
}

}  // namespace

void check_metadata(const Kind& kind, std::string_view default_namespace, json& object,
                    Checked& checked) {
  const Path root;
  const Path path = root.member("metadata");
  const auto found = object.find("metadata");
  if (found == object.end() || !found->is_object()) {
    const bool absent = found == object.end() || found->is_null();
    return add_issue(checked.errors, absent ? path.member("name") : path,
                     absent ? "is required" : "must be a map");
  }
  json& metadata = *found;
  for (auto member = metadata.begin(); member != metadata.end();) {
    const bool known =
        std::find(std::begin(kKnown), std::end(kKnown), member.key()) != std::end(kKnown);
    if (!known) add_issue(checked.warnings, path.member(member.key()), std::string(kUnknownField));
    member = known && !member->is_null() ? std::next(member) : metadata.erase(member);
  }
  check_name(metadata, path, checked.errors);
  check_namespace(kind, default_namespace, metadata, path, checked);
  check_labels(metadata, path, checked.errors);
  check_annotations(metadata, path, checked.errors);
}

}  // namespace tollgate::controller::schema
