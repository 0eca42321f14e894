#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"

namespace tollgate::controller::kube::cache {

struct ServedResource {
  ResourceType type;
  bool has_status = false;
  friend bool operator==(const ServedResource&, const ServedResource&) = default;
};

/// What the API server serves at one moment. A group whose own server does not answer keeps what it
/// had before.
class ServedKinds {
 public:
  /// The first of `versions` in which the kind is served; all served versions if none is named, in
  /// the server's order of preference. Null if it is not there.
  [[nodiscard]] const ServedResource* find(std::string_view group, std::string_view kind,
                                           const std::vector<std::string>& versions = {}) const;
  void add(ServedResource resource);
  /// Takes over what `before` had of one group and version.
  void keep(const ServedKinds& before, const std::string& group, const std::string& version);
  [[nodiscard]] std::size_t size() const;
  friend bool operator==(const ServedKinds&, const ServedKinds&) = default;

 private:
  std::map<std::pair<std::string, std::string>, std::vector<ServedResource>, std::less<>> kinds_;
};

struct DiscoveryOptions {
  std::chrono::milliseconds interval{30'000};         // while everything that is wanted is there
  std::chrono::milliseconds missing_interval{3'000};  // while somebody misses a kind
  BackoffOptions backoff;
};

/// Asks the server again and again what it serves (aggregated discovery with an ETag, else one
/// document per group), so that CRDs that are installed later are noticed.
class Discovery {
 public:
  Discovery(Api& api, Executor& executor, DiscoveryOptions options = {});
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  using Listener = std::function<void()>;
  /// Called after every complete read, changed or not, until the handle dies.
  using Subscription = std::shared_ptr<void>;
  [[nodiscard]] Subscription subscribe(Listener listener);

  void start();
  /// Reads again now (once, however many ask).
  void refresh();
  /// One more, or one less, who waits for a kind that is not served.
  void add_missing(int by);
  /// False until the first read has succeeded.
  [[nodiscard]] bool ready() const;
  /// Grows with every complete read.
  [[nodiscard]] std::uint64_t reads() const;
  [[nodiscard]] const ServedKinds& served() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::cache
