#include "controller/schema/registry.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "controller/schema/node.h"
#include "controller/schema/passes.h"
#include "controller/yaml/yaml.h"
#include "crds/embed.h"
#include "dataplane/base/text.h"

namespace tollgate::controller::schema {
namespace {

using dataplane::base::Code;
using dataplane::base::config_error;
using dataplane::base::equals_ignore_case;
using dataplane::base::Result;
using nlohmann::json;

/// A definition with its compiled schemas, one per version; versions of equal schema share it.
struct Definition {
  Kind kind;
  std::vector<std::shared_ptr<const Node>> schemas;  // as kind.versions
};

std::vector<std::string> strings(const json& map, const char* name) {
  std::vector<std::string> out;
  if (const auto found = map.find(name); found != map.end()) {
    for (const json& item : *found) out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<Column> read_columns(const json& version) {
  std::vector<Column> columns;
  for (const json& column : version.value("additionalPrinterColumns", json::array())) {
    columns.push_back({column.at("name").get<std::string>(), column.at("type").get<std::string>(),
                       column.at("jsonPath").get<std::string>(), column.value("priority", 0)});
  }
  if (columns.empty()) columns.push_back({"Age", "date", ".metadata.creationTimestamp", 0});
  return columns;
}

/// nlohmann's exceptions (a field that is missing or of another type) are the caller's.
Result<Definition> read_definition(const json& document, bool known_good) {
  Definition out;
  const json& spec = document.at("spec");
  const json& names = spec.at("names");
  out.kind.group = spec.value("group", "");
  out.kind.kind = names.at("kind").get<std::string>();
  out.kind.plural = names.at("plural").get<std::string>();
  out.kind.singular = names.at("singular").get<std::string>();
  out.kind.short_names = strings(names, "shortNames");
  out.kind.categories = strings(names, "categories");
  out.kind.scope =
      spec.at("scope").get<std::string>() == "Cluster" ? Scope::kCluster : Scope::kNamespaced;
  const json* previous = nullptr;
  for (const json& version : spec.at("versions")) {
    if (!version.at("served").get<bool>()) continue;
    Version row;
    row.name = version.at("name").get<std::string>();
    row.storage = version.at("storage").get<bool>();
    row.deprecation_warning = version.value("deprecationWarning", "");
    row.status_subresource = version.value("subresources", json::object()).contains("status");
    row.columns = read_columns(version);
    out.kind.versions.push_back(std::move(row));
    const json& schema = version.at("schema").at("openAPIV3Schema");
    if (previous != nullptr && *previous == schema) {
      out.schemas.push_back(out.schemas.back());
    } else {
      TRY_ASSIGN(std::shared_ptr<const Node> node, compile(schema, known_good));
      out.schemas.push_back(std::move(node));
    }
    previous = &schema;
  }
  if (out.schemas.empty()) return config_error(Code::kInvalidArgument, "no version is served");
  return out;
}

Result<Definition> parse_definition(std::string_view text, bool known_good) {
  if (text.substr(0, 1) == "{") {
    // Embedded definitions are JSON, which starts a program in a tenth of the time.
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded()) return config_error(Code::kInvalidArgument, "not JSON");
    try {
      return read_definition(document, known_good);
    } catch (const json::exception& error) {
      return config_error(Code::kInvalidArgument, error.what());
    }
  }
  const yaml::Stream stream = yaml::parse_yaml(text);
  if (!stream.problems.empty() || stream.documents.size() != 1) {
    return config_error(Code::kInvalidArgument, "not one YAML document");
  }
  try {
    return read_definition(*stream.documents[0].value, known_good);
  } catch (const json::exception& error) {
    return config_error(Code::kInvalidArgument, error.what());
  }
}

/// A definition that is read when it is first needed. Group and kind are known before.
struct Entry {
  std::string group;
  std::string kind;
  std::string_view text;  // of the program itself; empty once read
  bool standalone_only = false;
  mutable std::once_flag once;
  mutable Definition definition;

  const Definition& get() const {
    std::call_once(once, [this] {
      if (text.empty()) return;
      auto read = parse_definition(text, true);
      // The text is part of the program, and test/crds reads every one of them.
      assert(read.has_value() && "an embedded schema must compile");
      if (read) definition = std::move(*read);
      definition.kind.standalone_only = standalone_only;
    });
    return definition;
  }
};

bool names_kind(const Kind& kind, std::string_view name) {
  return equals_ignore_case(name, kind.plural) || equals_ignore_case(name, kind.singular) ||
         equals_ignore_case(name, kind.kind) ||
         std::any_of(kind.short_names.begin(), kind.short_names.end(),
                     [name](const std::string& s) { return equals_ignore_case(name, s); });
}

}  // namespace

class Registry::Impl {
 public:
  /// By group and kind.
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Entry>, std::less<>> entries;

  const Entry* find(std::string_view group, std::string_view kind) const {
    const auto found = entries.find(std::pair<std::string, std::string>(group, kind));
    return found == entries.end() ? nullptr : found->second.get();
  }
};

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;
Registry::~Registry() = default;

Registry Registry::embedded() {
  auto impl = std::make_unique<Impl>();
  for (const crds::File& file : crds::files()) {
    auto entry = std::make_unique<Entry>();
    entry->group = file.group;
    entry->kind = file.kind;
    entry->text = file.yaml;
    entry->standalone_only = file.standalone_only;
    impl->entries.emplace(std::pair(entry->group, entry->kind), std::move(entry));
  }
  return Registry(std::move(impl));
}

Result<Registry> Registry::from_yaml(std::span<const std::string_view> texts) {
  auto impl = std::make_unique<Impl>();
  for (const std::string_view text : texts) {
    TRY_ASSIGN(Definition definition, parse_definition(text, false));
    auto entry = std::make_unique<Entry>();
    entry->group = definition.kind.group;
    entry->kind = definition.kind.kind;
    entry->definition = std::move(definition);
    impl->entries.insert_or_assign(std::pair(entry->group, entry->kind), std::move(entry));
  }
  return Registry(std::move(impl));
}

const Kind* Registry::find(std::string_view group, std::string_view kind) const {
  const Entry* entry = impl_->find(group, kind);
  return entry == nullptr ? nullptr : &entry->get().kind;
}

const Kind* Registry::find_by_name(std::string_view name) const {
  for (const auto& [key, entry] : impl_->entries) {
    const Kind& kind = entry->get().kind;
    if (names_kind(kind, name)) return &kind;
    const std::size_t dot = name.find('.');
    if (dot != name.npos && equals_ignore_case(name.substr(dot + 1), kind.group) &&
        names_kind(kind, name.substr(0, dot))) {
      return &kind;
    }
  }
  return nullptr;
}

std::vector<const Kind*> Registry::kinds() const {
  std::vector<const Kind*> out;
  for (const auto& [key, entry] : impl_->entries) out.push_back(&entry->get().kind);
  return out;
}

Checked Registry::apply(const Gvk& gvk, json& object, std::string_view default_namespace) const {
  Checked checked;
  const Path root;
  const Entry* entry = impl_->find(gvk.group, gvk.kind);
  const Version* version = entry == nullptr ? nullptr : entry->get().kind.version(gvk.version);
  if (version == nullptr || !object.is_object()) {
    add_issue(checked.errors, root,
              version == nullptr ? "kind " + api_version(gvk) + " " + gvk.kind + " is not known"
                                 : "must be a map");
    return checked;
  }
  const Definition& definition = entry->get();
  const Node& schema =
      *definition.schemas[static_cast<std::size_t>(version - definition.kind.versions.data())];
  if (!version->deprecation_warning.empty()) {
    add_issue(checked.warnings, root, version->deprecation_warning);
  }
  // As in a cluster, where an object's creation does not write its status.
  if (version->status_subresource) object.erase("status");
  check_metadata(definition.kind, default_namespace, object, checked);
  json metadata = std::move(object["metadata"]);  // checked by rules of its own
  object["metadata"] = json::object();
  prune(schema, object, root, checked.warnings);
  apply_defaults(schema, object);
  const bool secret = gvk.group.empty() && gvk.kind == "Secret";
  validate(schema, object, root, !secret, checked.errors);
  object["metadata"] = std::move(metadata);
  return checked;
}

const Version* Kind::version(std::string_view name) const {
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [name](const Version& v) { return v.name == name; });
  return found == versions.end() ? nullptr : &*found;
}

const Version& Kind::storage_version() const {
  const auto found =
      std::find_if(versions.begin(), versions.end(), [](const Version& v) { return v.storage; });
  return found == versions.end() ? versions.front() : *found;
}

std::string Kind::resource() const {
  return group.empty() ? plural : plural + "." + group;
}

}  // namespace tollgate::controller::schema
