#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/snapshot/compiled.h"
#include "dataplane/snapshot/resource.h"

namespace tollgate::dataplane::snapshot {

/// A resource that cannot be served, and why. `key` is empty when the delta as a whole does not
/// fit.
struct Refusal {
  std::string key;
  std::string why;
};

template <typename T>
struct NodeChange {
  std::shared_ptr<const T> before;  // null: new
  std::shared_ptr<const T> after;   // null: gone
};

/// A new snapshot and what differs from the one before, for those who index it.
struct Update {
  std::shared_ptr<const Compiled> compiled;
  std::vector<NodeChange<ListenerNode>> listeners;
  std::vector<NodeChange<RuleNode>> rules;
  std::vector<NodeChange<UpstreamNode>> upstreams;
  std::vector<NodeChange<CredentialNode>> credentials;
  std::vector<NodeChange<LimitsNode>> limits;
  std::vector<NodeChange<CostsNode>> costs;
};

struct Outcome {
  std::unique_ptr<Update> update;  // null if refused
  std::vector<Refusal> refusals;   // sorted by key; empty if accepted
};

/// Keeps the resources that a proxy holds and turns deltas into snapshots. Only what the changed
/// keys reach is decoded and built again. A delta is taken whole or refused whole, and then nothing
/// changes. Used by one thread.
class Compiler {
 public:
  Compiler();
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  Outcome apply(const Delta& delta);
  [[nodiscard]] const ResourceSet& resources() const;
  /// The last accepted snapshot; an empty one at first.
  [[nodiscard]] const std::shared_ptr<const Compiled>& compiled() const;
  /// Nodes built since the start, for tests that bound the work of an update.
  [[nodiscard]] std::uint64_t nodes_built() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::snapshot
