#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"

namespace tollgate::controller::kube::write {

/// One object that shall exist. `object` has apiVersion, kind, metadata (name, namespace, labels,
/// ownerReferences) and exactly the fields that we own.
struct OwnedObject {
  ResourceType type;
  JsonPtr object;
};

/// All objects that belong to one owner (a Gateway).
struct OwnedSet {
  ObjectKey owner;
  std::string owner_uid;
  std::vector<OwnedObject> objects;
};

struct ApplierOptions {
  std::string field_manager = "tollgate.dev/controller";
  /// Carries the hash of what was applied, so that a restarted controller writes nothing again.
  std::string hash_annotation = "tollgate.dev/applied-hash";
  /// An object counts as ours if it has this label with this value and an owner reference with the
  /// owner's uid.
  std::string managed_label = "app.kubernetes.io/managed-by";
  std::string managed_value = "tollgate";
  double writes_per_second = 50;
  double burst = 100;
  std::size_t max_in_flight = 8;
  BackoffOptions backoff{std::chrono::milliseconds(200), std::chrono::milliseconds(60'000),
                         std::chrono::milliseconds(120'000)};
};

struct ApplierStats {
  std::uint64_t applies = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t deletes = 0;
  std::uint64_t refused = 0;
  std::uint64_t failures = 0;
};

/// How one wanted object stands: the error is for a condition on the owner.
struct ApplyOutcome {
  ObjectKey owner;
  ObjectKey object;
  std::optional<ApiError> error;  // reason "ForeignObject": the name is taken by somebody else's
};

/// Keeps owned objects as wanted by server-side apply. Foreign objects with the same name are never
/// touched; owned ones that are no longer wanted are deleted.
class Applier {
 public:
  /// The cache's view of one object.
  using Lookup = std::function<JsonPtr(const ObjectKey&)>;
  /// All cached objects that have the managed label and an owner reference with this uid.
  using ListOwned = std::function<std::vector<OwnedObject>(const std::string& owner_uid)>;
  using OnOutcome = std::function<void(const ApplyOutcome&)>;

  Applier(Api& api, Executor& executor, ApplierOptions options, Lookup lookup, ListOwned list_owned,
          OnOutcome on_outcome);
  ~Applier();
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  /// Replaces what was wanted for the owner; an empty set deletes everything that is ours.
  void submit(const OwnedSet& set);
  /// The owner is gone: its objects go with it (garbage collection), nothing is done here.
  void forget(const ObjectKey& owner);
  /// An object changed in the cache: compares again if it is wanted by a set.
  void recheck(const ObjectKey& object);
  /// Leadership. Enabling compares everything.
  void set_enabled(bool enabled);
  void when_idle(std::function<void()> callback);
  [[nodiscard]] ApplierStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether `live` has everything that `wanted` says: objects member by member, lists element by
/// element. What the server added (defaults, status) does not matter.
bool contains_json(const nlohmann::json& live, const nlohmann::json& wanted);

}  // namespace tollgate::controller::kube::write
