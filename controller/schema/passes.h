#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "controller/schema/issue.h"
#include "controller/schema/kind.h"
#include "controller/schema/node.h"
#include "controller/schema/path.h"

namespace tollgate::controller::schema {

/// The passes over an object, in the order in which an API server does them. Each recurses as deep
/// as the schema, never as deep as the object.

/// Removes fields that the schema does not know, with one warning each.
void prune(const Node& node, nlohmann::json& value, const Path& path, std::vector<Issue>& warnings);

/// Fills absent fields that have a default. A null where null is not allowed counts as absent.
void apply_defaults(const Node& node, nlohmann::json& value);

/// Adds an error for everything that breaks the schema. `show_values` puts the offending value
/// into the message; it is false for objects that hold secrets.
void validate(const Node& node, const nlohmann::json& value, const Path& path, bool show_values,
              std::vector<Issue>& errors);

/// Adds an issue unless there are already kMaxIssues; the last one says that there are more.
void add_issue(std::vector<Issue>& issues, const Path& path, std::string message);

/// Checks `metadata` of an object as an API server does for every kind: names, namespace, labels,
/// annotations; unknown fields are removed with a warning. A namespaced object without namespace
/// gets `default_namespace`; a cluster-wide one loses its namespace with a warning.
void check_metadata(const Kind& kind, std::string_view default_namespace, nlohmann::json& object,
                    Checked& checked);

}  // namespace tollgate::controller::schema
