#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"
#include "controller/kube/cache/discovery.h"

namespace tollgate::controller::kube::cache {

enum class ChangeType : std::uint8_t { kAdded, kModified, kDeleted };

/// One change of one object; for a deletion the last state that was seen.
struct Change {
  ChangeType type = ChangeType::kAdded;
  ObjectKey key;
  JsonPtr object;
};

enum class InformerState : std::uint8_t {
  kStarting,  // nothing complete has been read yet
  kSynced,    // the first complete read was delivered; stays so through later faults
  kAbsent,    // the server does not serve the kind (its CRD is not installed)
};
const char* to_string(InformerState state);

struct InformerOptions {
  std::string group;
  std::string kind;
  /// Acceptable versions, best first; empty: the server's preferred one.
  std::vector<std::string> versions;
  /// Empty: all namespaces. Ignored for cluster-scoped kinds.
  std::vector<std::string> namespaces;
  std::string label_selector;
  std::string field_selector;
  /// May drop what nobody needs (a Secret's data) from an object before it is published. The
  /// managed fields are always dropped; everything else is kept.
  std::function<void(nlohmann::json&)> trim;

  std::size_t page_limit = 500;
  std::size_t max_objects = 200'000;
  std::chrono::milliseconds min_watch{300'000};  // a watch's timeoutSeconds: random in [min, max]
  std::chrono::milliseconds max_watch{600'000};
  std::chrono::milliseconds hard_margin{5'000};
  /// A read that would withdraw objects, or that is older than what was seen, counts only if a
  /// second consistent read, so much later, says the same.
  std::chrono::milliseconds confirm_delay{1'000};
  bool streaming_lists = true;
  BackoffOptions backoff;
};

struct InformerStats {
  std::uint64_t lists = 0;
  std::uint64_t watches = 0;
  std::uint64_t events = 0;
  std::uint64_t errors = 0;
  std::uint64_t confirmations = 0;  // second reads
  std::uint64_t withheld = 0;       // objects that a first read lacked and a second one still had
};

/// Mirrors one kind: reads all objects, then follows the changes for ever. Belongs to `executor`.
/// `on_change` gets every change in order, also the initial objects (kAdded) before `on_state`
/// reports kSynced. A cache never goes empty because a read failed, was stale or was empty once.
class Informer {
 public:
  using OnChange = std::function<void(const Change&)>;
  using OnState = std::function<void(InformerState)>;

  Informer(Api& api, Executor& executor, Discovery& discovery, InformerOptions options,
           OnChange on_change, OnState on_state);
  ~Informer();
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  void start();
  [[nodiscard]] InformerState state() const;
  /// kSynced or kAbsent: a reconcile need not wait for this kind.
  [[nodiscard]] bool settled() const { return state() != InformerState::kStarting; }
  /// What is served, once it is known.
  [[nodiscard]] const std::optional<ResourceType>& type() const;
  [[nodiscard]] InformerStats stats() const;
  /// The latest failure that has not been followed by a success, for readiness and logs.
  [[nodiscard]] const std::optional<ApiError>& last_error() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::cache
