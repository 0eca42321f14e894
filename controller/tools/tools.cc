#include "controller/tools/tools.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "controller/api/client.h"
#include "controller/schema/table.h"
#include "controller/standalone/evaluation.h"
#include "controller/tools/explain.h"
#include "controller/tools/yaml_out.h"
#include "dataplane/base/clock.h"

#ifndef TOLLGATE_VERSION
#error "TOLLGATE_VERSION is set by the build"
#endif

namespace tollgate::controller::tools {

namespace base = dataplane::base;
using nlohmann::json;
using standalone::Evaluation;

namespace {

/// One condition of one object, as a row.
struct Row {
  std::string object;
  std::string place;  // the parent, ancestor or listener; empty for the object itself
  std::string type;
  std::string status;
  std::string reason;
  std::string message;
};

/// Prints the problems of the files; false if a document cannot be used.
bool say_file_problems(const Evaluation& evaluation) {
  for (const std::string& line : evaluation.manifests().error_lines()) {
    std::cerr << "error: " << line << '\n';
  }
  for (const std::string& line : evaluation.manifests().warning_lines()) {
    std::cerr << "warning: " << line << '\n';
  }
  return evaluation.manifests().current().errors.empty();
}

std::string place_of(const json& entry) {
  for (const char* ref : {"parentRef", "ancestorRef"}) {
    if (!entry.contains(ref)) continue;
    std::string place = entry[ref].value("kind", "Gateway");
    place += ' ';
    place += entry[ref].value("name", "");
    const std::string section = entry[ref].value("sectionName", "");
    if (!section.empty()) place += '/';
    return place += section;
  }
  return "listener " + entry.value("name", "");
}

void add_rows(const std::string& object, const std::string& place, const json& owner,
              std::vector<Row>& rows) {
  if (!owner.contains("conditions")) return;
  for (const json& condition : owner["conditions"]) {
    rows.push_back({object, place, condition.value("type", ""), condition.value("status", ""),
                    condition.value("reason", ""), condition.value("message", "")});
  }
}

std::vector<Row> rows_of(const Evaluation& evaluation) {
  std::vector<Row> rows;
  for (const resolve::StatusUpdate& update : evaluation.resolver().statuses()) {
    if (update.status == nullptr) continue;
    const std::string object = reconcilers::model::to_string(update.id);
    add_rows(object, "", *update.status, rows);
    for (const char* list : {"parents", "ancestors", "listeners"}) {
      if (!update.status->contains(list)) continue;
      for (const json& entry : (*update.status)[list]) {
        add_rows(object, place_of(entry), entry, rows);
      }
    }
  }
  return rows;
}

void print_rows(const std::vector<Row>& rows) {
  using Cells = std::array<std::string, 6>;
  std::vector<Cells> lines{{"OBJECT", "FOR", "CONDITION", "STATUS", "REASON", "MESSAGE"}};
  for (const Row& row : rows) {
    lines.push_back({row.object, row.place.empty() ? "-" : row.place, row.type, row.status,
                     row.reason, row.message});
  }
  std::array<std::size_t, 6> widths{};
  for (const Cells& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  for (const Cells& cells : lines) {
    std::string line;
    for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
      line += cells[i] + std::string(widths[i] - cells[i].size() + 3, ' ');
    }
    std::cout << line << cells.back() << '\n';
  }
}

/// Something of the object, or all of it, does not do what its author wrote.
bool refused(const Row& row) {
  if (row.type == "PartiallyInvalid") return row.status == "True";
  return row.status == "False" && (row.type == "Accepted" || row.type == "ResolvedRefs");
}

}  // namespace

int run_check(const cli::CheckOptions& options) {
  const Evaluation evaluation(options.files, options.real_ports);
  bool good = say_file_problems(evaluation);
  const std::vector<Row> rows = rows_of(evaluation);
  good = good && std::none_of(rows.begin(), rows.end(), refused);
  if (options.output == cli::Output::kTable) {
    print_rows(rows);
    return good ? 0 : 1;
  }
  const json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", evaluation.objects()}};
  std::cout << (options.output == cli::Output::kJson ? list.dump(2) + "\n" : to_yaml(list));
  return good ? 0 : 1;
}

namespace {

/// Prints the objects of the wanted kinds; 2 if a kind is not known.
int print_objects(const schema::Registry& registry, const cli::GetOptions& options,
                  const std::vector<json>& objects) {
  std::vector<const schema::Kind*> kinds;
  for (const std::string& name : options.kinds) {
    const schema::Kind* kind = registry.find_by_name(name);
    if (kind == nullptr) {
      std::cerr << "tollgate get: no kind is called '" << name << "'\n";
      return 2;
    }
    kinds.push_back(kind);
  }
  std::vector<const json*> chosen;
  for (const json& object : objects) {
    const auto gvk = schema::make_gvk(object.value("apiVersion", ""), object.value("kind", ""));
    const schema::Kind* kind = registry.find(gvk.group, gvk.kind);
    const bool wanted = kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (wanted) chosen.push_back(&object);
  }
  schema::TableOptions table;
  table.namespaces = true;
  std::cout << schema::print_tables(registry, chosen, base::SystemClock().wall(), table);
  return 0;
}

int get_from_api(const cli::GetOptions& options) {
  const auto objects = api::ask_objects(options.api);
  if (!objects) {
    std::cerr << "tollgate get: " << objects.error().detail << '\n';
    return 1;
  }
  return print_objects(schema::Registry::embedded(), options, *objects);
}

}  // namespace

int run_get(const cli::GetOptions& options) {
  if (!options.api.empty()) return get_from_api(options);
  const Evaluation evaluation(options.files, options.real_ports);
  const bool good = say_file_problems(evaluation);
  std::vector<json> objects = evaluation.objects();
  const auto& documents = evaluation.manifests().current().objects;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const std::string created = standalone::created_at(documents[i]);
    if (!created.empty()) objects[i]["metadata"]["creationTimestamp"] = created;
  }
  const int printed = print_objects(evaluation.manifests().registry(), options, objects);
  return printed == 0 && !good ? 1 : printed;
}

int run_explain(const cli::ExplainOptions& options) {
  const Evaluation evaluation(options.files, options.real_ports);
  say_file_problems(evaluation);
  const auto* set = evaluation.resolver().set(options.gateway);
  if (set == nullptr) {
    std::cerr << "tollgate explain: Gateway " << options.gateway
              << " is not served by these files\n";
    return 1;
  }
  const auto explanation = explain(*set, options);
  if (!explanation) {
    std::cerr << "tollgate explain: " << explanation.error().detail << '\n';
    return 1;
  }
  if (options.output == cli::Output::kTable) {
    std::cout << explain_text(*explanation);
  } else if (options.output == cli::Output::kJson) {
    std::cout << explanation->dump(2) << '\n';
  } else {
    std::cout << to_yaml(json(*explanation));
  }
  return 0;
}

int run_version() {
  std::cout << "tollgate " << TOLLGATE_VERSION << '\n';
  return 0;
}

}  // namespace tollgate::controller::tools
