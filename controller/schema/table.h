#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "controller/schema/kind.h"
#include "controller/schema/registry.h"
#include "dataplane/base/clock.h"

namespace tollgate::controller::schema {

struct TableOptions {
  bool wide = false;         // also columns of priority above 0
  bool namespaces = false;   // NAMESPACE as first column of namespaced kinds
  bool kind_prefix = false;  // names as "gateway.gateway.networking.k8s.io/NAME"
};

/// The objects of one kind as the table that `kubectl get` prints, with the columns of the kind's
/// storage version; empty if there are no objects.
std::string print_table(const Kind& kind, std::span<const nlohmann::json* const> objects,
                        dataplane::base::WallTime now, const TableOptions& options = {});

/// Objects of several kinds: a table for each kind in the order of its first object, separated by
/// empty lines, names with their kind if there is more than one. Objects of kinds that the registry
/// does not know are left out.
std::string print_tables(const Registry& registry, std::span<const nlohmann::json* const> objects,
                         dataplane::base::WallTime now, const TableOptions& options = {});

}  // namespace tollgate::controller::schema
