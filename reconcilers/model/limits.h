#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconcilers/model/backend.h"
#include "reconcilers/model/object_id.h"

namespace tollgate::reconcilers::model {

// Texts that are enumerators of the API are kept as the API has them.

/// One of llmRequestCosts.
struct Cost {
  std::string key;
  std::string type;  // InputToken, ..., CEL
  std::string cel;
  friend bool operator==(const Cost&, const Cost&) = default;
};

/// The costs of a Gateway's routes, or of one route on one Gateway: its own and the Gateway's.
struct Costs {
  std::vector<Owner> owners;
  std::vector<Cost> costs;
  friend bool operator==(const Costs&, const Costs&) = default;
};

struct LimitValueMatch {
  std::string type;  // Exact, RegularExpression, Distinct
  std::string name;  // of headers in lower case
  std::string value;
  bool invert = false;
  friend bool operator==(const LimitValueMatch&, const LimitValueMatch&) = default;
};

struct LimitSource {
  std::string prefix;  // host bits are zero
  bool distinct = false;
  bool invert = false;
  friend bool operator==(const LimitSource&, const LimitSource&) = default;
};

struct LimitMethod {
  std::string value;
  bool invert = false;
  friend bool operator==(const LimitMethod&, const LimitMethod&) = default;
};

struct LimitPath {
  std::string type;  // Exact, PathPrefix, RegularExpression
  std::string value;
  bool invert = false;
  friend bool operator==(const LimitPath&, const LimitPath&) = default;
};

struct LimitSelector {
  std::vector<LimitValueMatch> headers;
  std::optional<LimitSource> source;
  std::vector<LimitMethod> methods;
  std::optional<LimitPath> path;
  std::vector<LimitValueMatch> query;
  friend bool operator==(const LimitSelector&, const LimitSelector&) = default;
};

struct LimitCost {
  std::uint64_t number = 1;
  std::string key;  // of metadata; empty: the number
  friend bool operator==(const LimitCost&, const LimitCost&) = default;
};

struct LimitRule {
  std::vector<LimitSelector> selectors;
  std::uint64_t requests = 0;
  std::string unit;  // Second, ..., Year
  LimitCost request_cost;
  std::optional<LimitCost> response_cost;
  bool shared = false;
  bool shadow = false;
  bool headers = true;
  friend bool operator==(const LimitRule&, const LimitRule&) = default;
};

/// What a rule does while the store does not answer: "allow", "deny" or "local".
using StoreFailure = std::string;

/// The rateLimit of a BackendTrafficPolicy.
struct Limits {
  Owner owner;
  StoreFailure store_failure = "allow";
  std::optional<std::vector<LimitRule>> global;
  std::optional<std::vector<LimitRule>> local;
  friend bool operator==(const Limits&, const Limits&) = default;
};

/// Limits that apply to rules of one Gateway, on some of its listeners.
struct LimitUse {
  std::string gateway;                 // "NS/NAME"
  std::string policy;                  // "NS/NAME"
  std::vector<std::string> listeners;  // sorted; empty: all
  /// The policy cannot be served: requests by these listeners, not all, are answered with 500.
  bool unusable = false;
  friend auto operator<=>(const LimitUse&, const LimitUse&) = default;
};

/// Which parts of which policy's limits a rule meets.
struct LimitPart {
  LimitUse use;
  bool global = false;
  bool local = false;
  friend auto operator<=>(const LimitPart&, const LimitPart&) = default;
};

/// Where counters are shared.
struct LimitStore {
  std::vector<Owner> owners;  // of its Secret
  std::vector<Endpoint> addresses;
  bool tls = false;
  std::vector<std::string> ca_pem;  // empty: the system's
  std::string username;
  std::optional<SecretRef> password;
  std::uint32_t db = 0;
  friend bool operator==(const LimitStore&, const LimitStore&) = default;
};

/// "redis://[USER@]HOST[:PORT][,HOST[:PORT]...][/DB]", or "rediss://" for TLS. What is wrong with
/// it, or nothing and `store` is filled.
std::string parse_store_url(std::string_view url, LimitStore& store);

}  // namespace tollgate::reconcilers::model
