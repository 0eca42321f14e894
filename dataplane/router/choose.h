#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/snapshot/compiled.h"

namespace tollgate::dataplane::router {

/// A small generator (SplitMix64) for choices by weight; seeded by its owner, so that tests repeat.
/// Not for anything secret.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }

 private:
  std::uint64_t state_;
};

/// The position in `rule.value.backends` of a backend of the priority group `group` (0 is tried
/// first), chosen by weight; nullopt if the rule has no such group.
std::optional<std::uint32_t> choose_backend(const snapshot::RuleNode& rule, std::size_t group,
                                            Random& random);

}  // namespace tollgate::dataplane::router
