#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/executor.h"
#include "controller/kube/types.h"

namespace tollgate::controller::kube::cache {

/// The objects of all informers, and which of them changed since somebody last asked. Belongs to
/// one executor, no locks.
class Store {
 public:
  /// Inserts or replaces. Says whether that is a change (another resourceVersion, or another
  /// document where there is none).
  bool put(const ObjectKey& key, JsonPtr object);
  /// Says whether there was something to erase.
  bool erase(const ObjectKey& key);

  /// Null if it does not exist.
  [[nodiscard]] JsonPtr find(const ObjectKey& key) const;
  /// All objects of a kind (and namespace, if not empty), in order of namespace and name.
  [[nodiscard]] std::vector<JsonPtr> list(std::string_view group, std::string_view kind,
                                          std::string_view namespace_ = {}) const;
  /// Visits every object in key order.
  void each(const std::function<void(const ObjectKey&, const JsonPtr&)>& visit) const;
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  /// The keys put or erased since the last drain, each once, sorted; `find` says what they are now.
  std::vector<ObjectKey> drain();
  [[nodiscard]] bool dirty() const { return !changed_.empty(); }

 private:
  std::map<ObjectKey, JsonPtr> objects_;
  std::set<ObjectKey> changed_;
};

struct HoldoffOptions {
  std::chrono::milliseconds quiet{5};  // run once nothing came for so long
  std::chrono::milliseconds max{50};   // but at the latest so long after the first
};

/// Turns a burst of touches into one run.
class Holdoff {
 public:
  Holdoff(Executor& executor, HoldoffOptions options, std::function<void()> run);
  void touch();
  /// Forgets a pending run.
  void stop();
  [[nodiscard]] bool pending() const { return pending_; }

 private:
  void arm();
  void fire();

  Executor& executor_;
  HoldoffOptions options_;
  std::function<void()> run_;
  Timer timer_;
  dataplane::base::MonotonicTime first_{};
  dataplane::base::MonotonicTime last_{};
  bool pending_ = false;
};

}  // namespace tollgate::controller::kube::cache
