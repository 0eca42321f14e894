#include "controller/schema/table.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/schema/json_path.h"
#include "controller/schema/time.h"
#include "reconcilers/document/member.h"

namespace tollgate::controller::schema {
namespace {

using nlohmann::json;

// kubectl's column layout.
constexpr std::size_t kMinColumnWidth = 6;
constexpr std::size_t kColumnPadding = 3;

using Row = std::vector<std::string>;

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Cuts at the first line break and makes control characters visible, so that a value cannot move
/// the terminal's cursor.
std::string safe_cell(std::string_view text) {
  const std::size_t line_end = text.find_first_of("\f\n\r");
  std::string out;
  for (const char c : text.substr(0, line_end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0x1B) {
      out += "^[";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += ' ';
    } else {
      out += c;
    }
  }
  if (line_end != text.npos) out += "...";
  return out;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return text;
}

std::string text_of(const json& object, const char* section, const char* field) {
  return reconcilers::document::text_of(reconcilers::document::member(object, section), field);
}

/// A value in a column of its type; empty where the type does not fit, as in kubectl.
std::string cell(const Column& column, const json& value, dataplane::base::WallTime now) {
  if (column.type == "date") {
    if (!value.is_string()) return {};
    const auto time = parse_rfc3339(value.get_ref<const std::string&>());
    return time ? human_duration(now - *time) : "<invalid>";
  }
  if (column.type == "integer" && !value.is_number()) return {};
  if (column.type == "number" && !value.is_number()) return {};
  if (column.type == "boolean" && !value.is_boolean()) return {};
  if (value.is_string()) return safe_cell(value.get_ref<const std::string&>());
  return safe_cell(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// The columns that are printed, with their compiled paths. A path that cannot be read gives an
/// empty column; test/crds checks those of the embedded kinds.
std::vector<std::pair<const Column*, JsonPath>> visible_columns(const Kind& kind, bool wide) {
  std::vector<std::pair<const Column*, JsonPath>> out;
  for (const Column& column : kind.storage_version().columns) {
    if (column.priority > 0 && !wide) continue;
    if (auto path = JsonPath::parse(column.json_path)) out.emplace_back(&column, std::move(*path));
  }
  return out;
}

std::string layout(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), kMinColumnWidth);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i]) + kColumnPadding);
    }
  }
  std::string out;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width(row[i]), ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace

std::string print_table(const Kind& kind, std::span<const json* const> objects,
                        dataplane::base::WallTime now, const TableOptions& options) {
  if (objects.empty()) return {};
  const bool namespaces = options.namespaces && kind.scope == Scope::kNamespaced;
  const auto columns = visible_columns(kind, options.wide);
  Row header;
  if (namespaces) header.push_back("NAMESPACE");
  header.push_back("NAME");
  for (const auto& [column, path] : columns) header.push_back(upper(column->name));
  std::vector<Row> rows{std::move(header)};
  const std::string prefix =
      options.kind_prefix ? kind.singular + (kind.group.empty() ? "" : "." + kind.group) + "/"
                          : std::string();
  for (const json* object : objects) {
    Row row;
    if (namespaces) row.push_back(safe_cell(text_of(*object, "metadata", "namespace")));
    row.push_back(prefix + safe_cell(text_of(*object, "metadata", "name")));
    for (const auto& [column, path] : columns) {
      const auto values = path.find(*object);
      row.push_back(values.empty() ? std::string() : cell(*column, *values.front(), now));
    }
    rows.push_back(std::move(row));
  }
  return layout(rows);
}

std::string print_tables(const Registry& registry, std::span<const json* const> objects,
                         dataplane::base::WallTime now, const TableOptions& options) {
  std::vector<std::pair<const Kind*, std::vector<const json*>>> groups;
  for (const json* object : objects) {
    const Gvk gvk = make_gvk(object->value("apiVersion", ""), object->value("kind", ""));
    const Kind* kind = registry.find(gvk.group, gvk.kind);
    if (kind == nullptr) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [kind](const auto& g) { return g.first == kind; });
    if (group == groups.end()) group = groups.insert(groups.end(), {kind, {}});
    group->second.push_back(object);
  }
  TableOptions each = options;
  each.kind_prefix = options.kind_prefix || groups.size() > 1;
  std::string out;
  for (const auto& [kind, members] : groups) {
    if (!out.empty()) out += '\n';
    out += print_table(*kind, members, now, each);
  }
  return out;
}

}  // namespace tollgate::controller::schema
