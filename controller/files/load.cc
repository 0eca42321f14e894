#include "controller/files/load.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "controller/files/object.h"
#include "controller/files/scan.h"
#include "controller/yaml/yaml.h"
#include "reconcilers/document/member.h"

namespace tollgate::controller::files {
namespace {

/// Group, kind, namespace, name: what an object is, in whatever version.
using Key = std::tuple<std::string, std::string, std::string, std::string>;

using nlohmann::json;
using reconcilers::document::text_of;
using schema::Gvk;
using schema::Issue;
using schema::Kind;

/// Lists within lists.
constexpr int kMaxListDepth = 4;

class Loader {
 public:
  Loader(const schema::Registry& registry, const LoadOptions& options)
      : registry_(registry), options_(options) {}

  void text(const std::string& file, std::string_view text) {
    const bool is_json = file.size() > 5 && file.substr(file.size() - 5) == ".json";
    yaml::Stream stream = is_json ? yaml::parse_json(text) : yaml::parse_yaml(text);
    for (yaml::Problem& problem : stream.problems) {
      result_.errors.push_back(
          {file, problem.line, problem.column, {}, std::move(problem.message)});
    }
    for (yaml::Document& document : stream.documents) {
      add(file, std::move(*document.value), document.lines, 0);
    }
  }

  void unreadable(Problem problem) { result_.errors.push_back(std::move(problem)); }

  LoadResult finish() {
    imply_namespaces();
    for (auto& [key, document] : objects_) result_.objects.push_back(std::move(document));
    const auto by_place = [](const Problem& a, const Problem& b) {
      return std::tie(a.file, a.line, a.column, a.message) <
             std::tie(b.file, b.line, b.column, b.message);
    };
    std::sort(result_.errors.begin(), result_.errors.end(), by_place);
    std::sort(result_.warnings.begin(), result_.warnings.end(), by_place);
    return std::move(result_);
  }

 private:
  void add(const std::string& file, json object, const yaml::LineMap& lines, int depth);
  void add_items(const std::string& file, json& list, const yaml::LineMap& lines, int depth);
  void add_known(const std::string& file, json object, const yaml::LineMap& lines, const Gvk& gvk,
                 const Kind& kind);
  bool is_known(const std::string& file, const yaml::LineMap& lines, const Gvk& gvk,
                const Kind* kind);
  void keep(Document document);
  void imply_namespaces();

  const schema::Registry& registry_;
  const LoadOptions& options_;
  std::map<Key, Document> objects_;
  LoadResult result_;
};

std::string metadata_field(const json& object, const char* name) {
  return text_of(reconcilers::document::member(object, "metadata"), name);
}

std::string object_label(const Gvk& gvk, const std::string& ns, const std::string& name) {
  if (name.empty()) return gvk.kind;
  return gvk.kind + " " + (ns.empty() ? "" : ns + "/") + name;
}

Key key_of(const Document& document) {
  return {document.gvk.group, document.gvk.kind, document.ns, document.name};
}

void Loader::add(const std::string& file, json object, const yaml::LineMap& lines, int depth) {
  const auto refuse = [&](std::string message) {
    result_.errors.push_back({file, lines.line(), 0, {}, std::move(message)});
  };
  if (!object.is_object()) return refuse("is not an object: a map with apiVersion and kind");
  const std::string version = text_of(object, "apiVersion");
  const std::string kind_name = text_of(object, "kind");
  if (version.empty()) return refuse("apiVersion is missing");
  if (kind_name.empty()) return refuse("kind is missing");
  const Gvk gvk = schema::make_gvk(version, kind_name);
  const Kind* kind = registry_.find(gvk.group, gvk.kind);
  const bool list = kind_name.size() >= 4 && kind_name.substr(kind_name.size() - 4) == "List";
  if (list && kind == nullptr && object.contains("items")) {
    return add_items(file, object, lines, depth);
  }
  const bool known = is_known(file, lines, gvk, kind);
  if (known && kind != nullptr) add_known(file, std::move(object), lines, gvk, *kind);
}

void Loader::add_items(const std::string& file, json& list, const yaml::LineMap& lines, int depth) {
  json& items = list["items"];
  if (!items.is_array() || depth >= kMaxListDepth) {
    result_.errors.push_back(
        {file,
         lines.line_of("items"),
         0,
         {},
         items.is_array() ? "lists are nested too deep" : "items: must be a list"});
    return;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    add(file, std::move(items[i]), lines.item("items", i), depth + 1);
  }
}

/// Says why an object of an unknown kind or version is not used.
bool Loader::is_known(const std::string& file, const yaml::LineMap& lines, const Gvk& gvk,
                      const Kind* kind) {
  if (kind == nullptr) {
    result_.warnings.push_back(
        {file,
         lines.line_of("kind"),
         0,
         {},
         "kind " + schema::api_version(gvk) + " " + gvk.kind + " is not used here and is ignored"});
    return false;
  }
  if (kind->version(gvk.version) != nullptr) return true;
  std::string served;
  for (const schema::Version& version : kind->versions) {
    served += (served.empty() ? "" : ", ") + version.name;
  }
  result_.errors.push_back({file,
                            lines.line_of("apiVersion"),
                            0,
                            {},
                            gvk.kind + " has no version " + gvk.version + "; there is " + served});
  return false;
}

void Loader::add_known(const std::string& file, json object, const yaml::LineMap& lines,
                       const Gvk& gvk, const Kind& kind) {
  schema::Checked checked = registry_.apply(gvk, object, options_.default_namespace);
  if (checked.errors.empty() && gvk.group.empty() && gvk.kind == "Secret") {
    fold_string_data(object, checked.errors);
  }
  Document document{
      nullptr, gvk,  &kind, metadata_field(object, "namespace"), metadata_field(object, "name"),
      file,    lines};
  const std::string label = object_label(gvk, document.ns, document.name);
  const auto report = [&](const std::vector<Issue>& issues, std::vector<Problem>& out) {
    for (const Issue& issue : issues) {
      out.push_back({file, lines.line_of(issue.path), 0, label, schema::describe(issue)});
    }
  };
  report(checked.warnings, result_.warnings);
  report(checked.errors, result_.errors);
  if (!checked.errors.empty()) return;
  complete_metadata(kind, options_.created, object);
  document.object = std::make_shared<const json>(std::move(object));
  keep(std::move(document));
}

void Loader::keep(Document document) {
  Key key = key_of(document);
  const std::string label = object_label(document.gvk, document.ns, document.name);
  const auto found = objects_.find(key);
  if (found == objects_.end() && objects_.size() >= kMaxObjects) {
    result_.errors.push_back(
        {document.file, document.lines.line(), 0, label,
         "is beyond the limit of " + std::to_string(kMaxObjects) + " objects"});
    return;
  }
  if (found != objects_.end()) {
    result_.warnings.push_back({document.file, document.lines.line(), 0, label,
                                label + " replaces the one at " + found->second.file + ":" +
                                    std::to_string(found->second.lines.line())});
  }
  objects_.insert_or_assign(std::move(key), std::move(document));
}

/// In a cluster every namespace that holds objects exists; so it does here, for selectors.
void Loader::imply_namespaces() {
  const Kind* kind = registry_.find("", "Namespace");
  if (kind == nullptr) return;
  std::set<std::string> names;
  for (const auto& [key, document] : objects_) {
    if (!document.ns.empty()) names.insert(document.ns);
  }
  for (const std::string& name : names) {
    const Gvk gvk{{}, kind->storage_version().name, kind->kind};
    json object = {{"apiVersion", schema::api_version(gvk)},
                   {"kind", gvk.kind},
                   {"metadata", {{"name", name}}}};
    complete_metadata(*kind, options_.created, object);
    Document document{std::make_shared<const json>(std::move(object)), gvk, kind, {}, name, {}, {}};
    objects_.emplace(Key{gvk.group, gvk.kind, {}, name}, std::move(document));
  }
}

}  // namespace

LoadResult load_manifests(const schema::Registry& registry, std::span<const std::string> paths,
                          const LoadOptions& options) {
  Loader loader(registry, options);
  std::vector<Problem> errors;
  for (const std::string& path : scan(paths, errors)) {
    Problem problem;
    const std::string text = read_file(path, problem);
    if (problem.message.empty()) {
      loader.text(path, text);
    } else {
      errors.push_back(std::move(problem));
    }
  }
  for (Problem& problem : errors) loader.unreadable(std::move(problem));
  return loader.finish();
}

void keep_last_good(const LoadResult& previous, LoadResult& next) {
  std::set<std::string> broken;
  for (const Problem& problem : next.errors) broken.insert(problem.file);
  std::set<Key> present;
  for (const Document& document : next.objects) present.insert(key_of(document));
  for (const Document& document : previous.objects) {
    if (broken.count(document.file) == 0 || present.count(key_of(document)) != 0) continue;
    const std::string label = object_label(document.gvk, document.ns, document.name);
    next.warnings.push_back(
        {document.file, 0, 0, label, label + " stays as it was until the file is correct"});
    next.objects.push_back(document);
  }
  std::sort(next.objects.begin(), next.objects.end(),
            [](const Document& a, const Document& b) { return key_of(a) < key_of(b); });
}

LoadResult load_text(const schema::Registry& registry, const std::string& file,
                     std::string_view text, const LoadOptions& options) {
  Loader loader(registry, options);
  loader.text(file, text);
  return loader.finish();
}

}  // namespace tollgate::controller::files
