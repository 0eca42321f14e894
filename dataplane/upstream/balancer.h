#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/upstream/pool.h"

namespace tollgate::dataplane::upstream {

/// Chooses among the endpoints of one upstream, or the upstreams of one rule, in turn and by
/// weight (smooth weighted round robin). One worker's.
class Balancer {
 public:
  struct Member {
    std::shared_ptr<Pool> pool;  // may be null: a member without an endpoint of its own
    std::uint32_t weight = 1;    // 0 is never chosen
  };

  explicit Balancer(std::vector<Member> members, std::uint32_t seed = 0);

  /// The next member that is not in `tried` and not ejected; if all others are ejected, one of
  /// those; nullopt if every member with a weight was tried.
  [[nodiscard]] std::optional<std::size_t> pick(std::span<const std::size_t> tried = {});

  [[nodiscard]] const Member& member(std::size_t index) const { return members_[index]; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }

 private:
  [[nodiscard]] bool usable(std::size_t index, std::span<const std::size_t> tried,
                            bool allow_ejected) const;
  std::optional<std::size_t> pick_among(std::span<const std::size_t> tried, bool allow_ejected);

  std::vector<Member> members_;
  std::vector<std::int64_t> credit_;
  bool equal_weights_ = true;
  std::size_t next_ = 0;
};

}  // namespace tollgate::dataplane::upstream
