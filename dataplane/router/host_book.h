#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "dataplane/router/host_table.h"

namespace tollgate::dataplane::router {

/// The matches of one hostname while tables are made of them: what a new table needs besides the
/// parts that it shares with the one before.
class HostBook {
 public:
  void add(const std::shared_ptr<const RuleMatches>& rule);
  void remove(const std::shared_ptr<const RuleMatches>& rule);
  [[nodiscard]] bool empty() const { return matches_ == 0; }

  /// The table of now; parts that changed since the last call are built. Counts them in `built`.
  std::shared_ptr<const HostTable> make(std::uint64_t& built);

  /// So many matches per shard and selector are aimed at.
  static constexpr std::size_t kShardMatches = 64;
  static constexpr std::uint32_t kMaxShards = 256;

 private:
  struct Order {
    bool operator()(const Candidate& a, const Candidate& b) const { return tried_before(a, b); }
  };
  using Page = std::set<Candidate, Order>;

  void spread(std::uint32_t shards);

  std::map<Place, Page> pages_;
  std::set<Place> dirty_;
  std::uint32_t shards_ = 1;
  std::size_t matches_ = 0;
  std::size_t ai_rules_ = 0;
  std::shared_ptr<const HostTable> table_;
};

}  // namespace tollgate::dataplane::router
