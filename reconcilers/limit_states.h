#pragma once

#include <string>
#include <vector>

#include "reconcilers/model/limits.h"

/// What reconcilers tell each other about limits and costs.
namespace tollgate::reconcilers {

/// Something that at least one policy targets.
struct LimitTarget {
  std::string kind;  // Gateway, HTTPRoute
  friend bool operator==(const LimitTarget&, const LimitTarget&) = default;
};

/// The policy that has a target, and what those who obey it need to know: its numbers may change
/// without waking them.
struct LimitWinner {
  std::string policy;  // "NS/NAME"
  bool usable = false;
  bool merges = false;
  bool global = false;
  bool local = false;
  friend bool operator==(const LimitWinner&, const LimitWinner&) = default;
};

/// What a Gateway's routes meet that have no policy of their own.
struct GatewayLimits {
  struct Part {
    model::LimitPart part;
    bool usable = false;
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts;
  friend bool operator==(const GatewayLimits&, const GatewayLimits&) = default;
};

/// What the rules of a route meet on one Gateway, in their order.
struct RouteLimits {
  struct Rule {
    std::vector<model::LimitPart> parts;
    std::string unusable;  // the policy that cannot be served; empty = none
    friend bool operator==(const Rule&, const Rule&) = default;
  };
  std::vector<Rule> rules;
  friend bool operator==(const RouteLimits&, const RouteLimits&) = default;
};

/// A route that has a policy of its own, where the Gateway has one too.
struct LimitOverride {
  std::string place;  // "POLICY|GATEWAY" of the policy that does not count there
  friend bool operator==(const LimitOverride&, const LimitOverride&) = default;
};

/// A cost that is computed for requests of a route, or (no route) of all AI routes of a Gateway.
struct CostKey {
  std::string place;  // "GATEWAY|KEY"
  friend bool operator==(const CostKey&, const CostKey&) = default;
};

/// That something exists, for those who do not need its value.
struct Mark {
  friend bool operator==(const Mark&, const Mark&) = default;
};

}  // namespace tollgate::reconcilers
