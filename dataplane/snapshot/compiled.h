#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/catalog/cost.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/snapshot/table.h"
#include "dataplane/snapshot/types.h"

namespace tollgate::dataplane::snapshot {

// The nodes of a compiled snapshot: each is one resource, decoded and checked, with its references
// resolved. All are deeply immutable and shared between successive snapshots.
//
// A reference is by pointer where the target rarely changes, and by id where it changes often or
// has many dependents: a new endpoint list rebuilds no backend, a new credential no rule.

struct SecretNode {
  std::string key;
  SecretValue value;
};

struct StoreNode {
  std::string key;
  LimitStore value;
  std::shared_ptr<const SecretNode> password;  // null: no AUTH
};

struct GatewayNode {
  std::string key;
  Gateway value;
  std::shared_ptr<const StoreNode> store;  // null: counters live in this process
};

struct LimitsNode {
  std::string key;
  SlotId id;
  Limits value;
};

struct CostsNode {
  std::string key;
  SlotId id;
  Costs value;
  /// One per value.costs: the compiled expression of those of type kCel.
  std::vector<std::optional<catalog::CostExpression>> expressions;
};

struct ClientPolicyNode {
  std::string key;
  ClientPolicy value;
};

struct EndpointsNode {
  std::string key;
  Endpoints value;
};

struct CredentialNode {
  std::string key;
  SlotId id;
  Credential value;
  std::shared_ptr<const SecretNode> secret;  // null: ambient credentials
};

struct UpstreamNode {
  std::string key;
  SlotId id;
  Upstream value;
  std::shared_ptr<const EndpointsNode> endpoints;
};

struct BackendNode {
  std::string key;
  SlotId id;
  Backend value;
  std::optional<catalog::Schema> schema;  // none: not an AI backend
  SlotId upstream;
  SlotId credential;  // invalid: none
};

struct ListenerNode {
  std::string key;
  SlotId id;
  Listener value;
  std::shared_ptr<const GatewayNode> gateway;
  std::shared_ptr<const ClientPolicyNode> policy;
};

struct RouteNode {
  std::string key;
  Route value;
  std::vector<SlotId> listeners;  // one per attachment
};

/// Backends of one priority; `first`..`first + count` are positions in RuleNode::shares.
struct ShareGroup {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t total_weight = 0;
};

struct RuleNode {
  std::string key;
  SlotId id;
  Rule value;
  std::shared_ptr<const RouteNode> route;
  /// Positions in value.backends with a weight above 0, by priority, then as written.
  std::vector<std::uint32_t> shares;
  std::vector<ShareGroup> groups;
  std::vector<SlotId> backends;  // one per value.backends; invalid where that one is unusable
  std::vector<SlotId> limits;    // one per value.limits_keys
  SlotId costs;                  // invalid: none
};

/// One immutable snapshot. Workers share it by pointer; an exchange keeps the rule, not the
/// snapshot.
struct Compiled {
  std::string revision;
  std::shared_ptr<const GatewayNode> gateway;  // null in an empty snapshot
  Table<ListenerNode> listeners;
  Table<RuleNode> rules;
  Table<BackendNode> backends;
  Table<UpstreamNode> upstreams;
  Table<CredentialNode> credentials;
  Table<LimitsNode> limits;
  Table<CostsNode> costs;
};

}  // namespace tollgate::dataplane::snapshot
