#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reconcilers/model/status.h"

namespace tollgate::reconcilers {

/// One proxy of a Gateway. Revisions are numbered in the order in which they were made, from 1.
struct ProxyFact {
  std::string instance;
  bool ready = false;
  bool silent = false;             // not heard of for so long that it does not count
  std::uint64_t acknowledged = 0;  // newest revision that it acknowledged; 0 = none
  friend bool operator==(const ProxyFact&, const ProxyFact&) = default;
};

/// What is known of the proxies of one Gateway.
struct GatewayFacts {
  std::string gateway;  // "NS/NAME"
  std::vector<ProxyFact> proxies;
  std::string missing_pods;  // why pods of it do not exist, a sentence; empty if nothing is known
  friend bool operator==(const GatewayFacts&, const GatewayFacts&) = default;
};

/// Programmed for something whose present generation is in revision `required` and later ones:
/// True once a proxy is ready and every ready one has acknowledged such a revision. Messages are
/// stable while nothing changes; `name_silent` adds the proxies that do not count, which the
/// Gateway's own status says and no other.
model::Condition programmed(const GatewayFacts& facts, std::uint64_t required, bool name_silent);

/// Whether a ready proxy has still to acknowledge such a revision: it is about to be Programmed,
/// or will turn out not to be.
bool awaited(const GatewayFacts& facts, std::uint64_t required);

/// The newest revision that every ready proxy acknowledged; 0 if none is ready.
std::uint64_t acknowledged_by_all(const GatewayFacts& facts);

}  // namespace tollgate::reconcilers
