#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::dataplane::snapshot {

/// The typed form of what meters and limits requests. types.h says what all kinds share.

/// An answer that the gateway gives itself.
struct DirectResponse {
  std::uint16_t status = 500;
  std::string code;     // error type for dialects that have one, e.g. "route_not_found"
  std::string message;  // sent in the client's own dialect on AI endpoints, else as JSON
};

enum class CostType : std::uint8_t {
  kInput,
  kCachedInput,
  kCacheCreation,
  kOutput,
  kTotal,
  kReasoning,
  kCel
};

/// What one request costs under `key`: the name by which limits, access log and metrics know it.
struct Cost {
  std::string key;  // in the metadata namespace "io.envoy.ai_gateway"; unique in its list
  CostType type = CostType::kTotal;
  std::string cel;  // kCel: the expression, already compiled and tried when it was resolved
};

/// costs/NAME: the costs that are computed for requests of the rules that refer to it.
struct Costs {
  std::vector<Cost> costs;
};

/// kDistinct makes one counter per value that the request gives.
enum class LimitMatchType : std::uint8_t { kExact, kRegex, kDistinct };

/// A header (name in lower case) or query parameter. A request without it does not match, inverted
/// or not. Regular expressions match the whole value.
struct LimitValueMatch {
  LimitMatchType type = LimitMatchType::kExact;
  std::string name;
  std::string value;    // empty for kDistinct
  bool invert = false;  // never with kDistinct
};

/// The client's address.
struct LimitSource {
  std::string prefix;     // "10.0.0.0/8", "2001:db8::/32"; host bits are zero
  bool distinct = false;  // one counter per address within the prefix
  bool invert = false;    // never with distinct
};

struct LimitMethod {
  std::string value;
  bool invert = false;
};

enum class LimitPathType : std::uint8_t { kExact, kPrefix, kRegex };

/// Without the query. kPrefix works on whole path segments.
struct LimitPath {
  LimitPathType type = LimitPathType::kPrefix;
  std::string value = "/";
  bool invert = false;
};

/// All of it has to match (methods: any one of them). An empty selector matches every request.
struct LimitSelector {
  std::vector<LimitValueMatch> headers;
  std::vector<LimitSource> source_cidrs;
  std::vector<LimitMethod> methods;
  std::optional<LimitPath> path;
  std::vector<LimitValueMatch> query;
};

/// Months have 30 days and years 365: windows are fixed, and begin at multiples of their length
/// since 1970.
enum class LimitUnit : std::uint8_t { kSecond, kMinute, kHour, kDay, kWeek, kMonth, kYear };

/// A number, or what the request costs under `metadata_key` (Cost::key). A request for which no
/// such cost is computed is charged 0.
struct LimitCost {
  std::uint64_t number = 1;
  std::string metadata_key;  // empty = number
};

/// What a rule does while the store of its counters does not answer: let pass, refuse with 503, or
/// count in this process alone.
enum class StoreFailure : std::uint8_t { kAllow, kDeny, kLocal };

/// One limit. It applies to a request that all its selectors match (none: every request).
/// `request_cost` is charged at admission, `response_cost` when the answer has ended; only
/// admission refuses, by what is charged already.
struct LimitRule {
  std::string id;  // stable: the rule's position in its policy, "local:" before it for local ones
  std::vector<LimitSelector> selectors;
  std::uint64_t requests = 0;
  LimitUnit unit = LimitUnit::kSecond;
  LimitCost request_cost;
  std::optional<LimitCost> response_cost;
  /// Where the limit's counters live: one for all routes that the policy reaches, else one per
  /// route (Rule::route_key).
  bool shared = false;
  bool shadow = false;  // counts, never refuses
  bool headers = true;  // x-ratelimit-* tell of this rule
  /// The limit itself, "NUMBER", taken from the request's metadata when something supplies it.
  /// Nothing does today: policies that ask for it are refused before they get here.
  std::string limit_from_metadata_key;
  StoreFailure on_store_failure = StoreFailure::kAllow;
};

enum class LimitKind : std::uint8_t { kGlobal, kLocal };

/// limits/NS/POLICY[/PART]: one effective rate-limit policy. Every rule that matches a request is
/// evaluated and charged, and any one of them may refuse it.
struct Limits {
  std::string policy;  // "NS/NAME", for logs, metrics and `explain`
  /// The scope of the counters: with a rule's id (and, unless it is shared, the route's key, and
  /// the values of its distinct selectors) it names a counter within a Gateway.
  std::string scope_key;
  /// kGlobal: fixed windows, in the Gateway's store. kLocal: token buckets of each proxy by itself,
  /// of `requests` tokens, full again after each unit, never in a store, without response cost; a
  /// local rule without selectors is for requests that no other rule of its policy matches.
  LimitKind kind = LimitKind::kGlobal;
  /// Only for requests that came by one of these listeners; empty = by any.
  std::vector<std::string> listener_keys;
  std::vector<LimitRule> rules;
  /// Set when the policy cannot be served: the requests that it is about get this answer.
  std::optional<DirectResponse> unusable;
};

enum class StoreType : std::uint8_t { kRedis };

}  // namespace tollgate::dataplane::snapshot
