#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"

namespace tollgate::controller::kube::write {

enum class Ownership : std::uint8_t {
  kWhole,      // the status is ours alone
  kParents,    // only our entries of status.parents (by controllerName)
  kAncestors,  // only our entries of status.ancestors
};

/// The status that an object shall have. Conditions come without lastTransitionTime; the writer
/// keeps the old one while a condition's status stays and sets it when that changes.
struct StatusUpdate {
  ObjectRef ref;
  /// kWhole: the whole status. kParents: {"parents": [...]}; kAncestors: {"ancestors": [...]}, with
  /// our entries only; an empty list withdraws them.
  JsonPtr desired;
  Ownership ownership = Ownership::kWhole;
};

/// A condition whose status changed by a write that succeeded.
struct Transition {
  ObjectRef ref;
  std::string uid;
  std::string resource_version;
  std::string type;
  std::string old_status;  // empty: the condition is new
  std::string new_status;
  std::string reason;
  std::string message;
};

struct StatusWriterOptions {
  std::vector<std::string> controller_names;  // whose entries of a shared list are ours
  std::string field_manager = "tollgate.dev/controller";
  double writes_per_second = 50;
  double burst = 100;
  std::size_t max_in_flight = 8;
  std::size_t max_parents = 32;
  std::size_t max_ancestors = 16;
  int conflict_tries = 5;
  BackoffOptions backoff{std::chrono::milliseconds(50), std::chrono::milliseconds(60'000),
                         std::chrono::milliseconds(120'000)};
};

struct StatusWriterStats {
  std::uint64_t writes = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t superseded = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t failures = 0;
};

/// Brings statuses to what was computed: at most one write per object at a time, none if nothing
/// differs, superseded ones dropped. Writes only while enabled (the leader).
class StatusWriter {
 public:
  using Lookup = std::function<JsonPtr(const ObjectKey&)>;
  using OnTransition = std::function<void(const Transition&)>;
  /// Null error: written, or nothing to write.
  using OnResult = std::function<void(const ObjectRef&, const ApiError*)>;

  /// `lookup` is the cache's view of an object.
  StatusWriter(Api& api, Executor& executor, StatusWriterOptions options, Lookup lookup);
  ~StatusWriter();
  StatusWriter(const StatusWriter&) = delete;
  StatusWriter& operator=(const StatusWriter&) = delete;

  void on_transition(OnTransition callback);
  void on_result(OnResult callback);

  /// Replaces what was wanted for the object before. Kept, and repaired after foreign changes,
  /// until replaced or forgotten.
  void submit(StatusUpdate update);
  /// The object changed in the cache: compares again.
  void recheck(const ObjectKey& key);
  /// Nobody wants a status for the object any more. One that is gone may be left: what is wanted
  /// is written to whoever has its name next.
  void forget(const ObjectKey& key);
  /// Leadership. Disabling starts no more writes; enabling compares everything.
  void set_enabled(bool enabled);
  /// Calls back when nothing is queued or in flight.
  void when_idle(std::function<void()> callback);
  [[nodiscard]] StatusWriterStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::write
