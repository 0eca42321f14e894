#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::controller::schema {

enum class Scope { kNamespaced, kCluster };

/// A column of the table that `kubectl get` prints.
struct Column {
  std::string name;  // as in the definition; headers are upper case
  std::string type;  // string, integer, number, boolean, date
  std::string json_path;
  int priority = 0;  // above 0: only in wide tables
};

/// One served version of a kind.
struct Version {
  std::string name;
  bool storage = false;
  std::string deprecation_warning;  // empty: not deprecated
  bool status_subresource = false;
  std::vector<Column> columns;
};

/// What a definition says about a kind, beside its schema.
struct Kind {
  std::string group;  // empty for core kinds
  std::string kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  Scope scope = Scope::kNamespaced;
  std::vector<Version> versions;
  bool standalone_only = false;  // a cluster brings its own definition

  /// The version of that name, or nullptr.
  const Version* version(std::string_view name) const;
  /// The version that objects are stored in, under which all versions of an object are one.
  const Version& storage_version() const;
  /// "aigatewayroutes.aigateway.envoyproxy.io"; "services" for core kinds.
  std::string resource() const;
};

}  // namespace tollgate::controller::schema
