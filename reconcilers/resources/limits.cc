#include "reconcilers/resources/limits.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "dataplane/base/text.h"
#include "dataplane/catalog/cost.h"
#include "dataplane/catalog/regex_check.h"

namespace tollgate::reconcilers::resources {

namespace base = tollgate::dataplane::base;
namespace catalog = tollgate::dataplane::catalog;

namespace {

constexpr std::size_t kMaxCostKeyBytes = 256;
constexpr std::string_view kUnits[] = {"Second", "Minute", "Hour", "Day", "Week", "Month", "Year"};
constexpr std::string_view kCostTypes[] = {
    "InputToken",  "CachedInputToken", "CacheCreationInputToken",
    "OutputToken", "TotalToken",       "ReasoningToken",
    "CEL"};
constexpr std::string_view kFailures[] = {"allow", "deny", "local"};

template <std::size_t N>
bool is_one_of(const std::string_view (&list)[N], std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

void check_pattern(const View& view, const std::string& pattern) {
  const base::Status status = catalog::check_regex(pattern);
  if (!status) view.report(status.error().detail);
}

/// "10.1.2.3/8" as "10.0.0.0/8"; empty if it is no network.
std::string normal_prefix(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {};
  const std::string address = text.substr(0, slash);
  const bool v6 = address.find(':') != std::string::npos;
  const unsigned width = v6 ? 128 : 32;
  const auto bits = base::parse_u64(std::string_view(text).substr(slash + 1));
  std::array<unsigned char, 16> bytes{};
  if (!bits || *bits > width ||
      inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1) {
    return {};
  }
  for (auto bit = static_cast<unsigned>(*bits); bit < width; ++bit) {
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), out.data(), out.size());
  return std::string(out.data()) + "/" + std::to_string(*bits);
}

std::vector<model::LimitValueMatch> read_values(const View& list, bool headers) {
  std::vector<model::LimitValueMatch> out;
  for (const View& item : list.items()) {
    model::LimitValueMatch match;
    match.type = item["type"].text_or("Exact");
    match.name = item["name"].text_or("");
    if (headers) match.name = base::to_lower(match.name);
    match.value = item["value"].text_or("");
    match.invert = item["invert"].boolean().value_or(false);
    if (match.name.empty()) {
      item.report("needs a name");
    } else if (headers && !is_header_name(match.name)) {
      item["name"].report("is no name of a header");
    }
    if (match.type == "Distinct") {
      if (match.invert) item.report("cannot invert type Distinct");
      match.value.clear();
      match.invert = false;
    } else if (match.type == "RegularExpression") {
      check_pattern(item["value"], match.value);
    } else if (match.type != "Exact") {
      item["type"].report("is not Exact, RegularExpression or Distinct");
    }
    out.push_back(std::move(match));
  }
  return out;
}

std::optional<model::LimitSource> read_source(const View& view) {
  if (!view.exists()) return std::nullopt;
  model::LimitSource out;
  const std::string type = view["type"].text_or("Exact");
  if (type != "Exact" && type != "Distinct") view["type"].report("is not Exact or Distinct");
  out.distinct = type == "Distinct";
  out.invert = view["invert"].boolean().value_or(false);
  if (out.distinct && out.invert) view.report("cannot invert type Distinct");
  out.prefix = normal_prefix(view["value"].text_or(""));
  if (out.prefix.empty()) view["value"].report("is no network such as 10.0.0.0/8");
  return out;
}

std::optional<model::LimitPath> read_path(const View& view) {
  if (!view.exists()) return std::nullopt;
  model::LimitPath out;
  out.type = view["type"].text_or("PathPrefix");
  out.value = view["value"].text_or("/");
  out.invert = view["invert"].boolean().value_or(false);
  if (out.type == "RegularExpression") {
    check_pattern(view["value"], out.value);
  } else if (out.type != "Exact" && out.type != "PathPrefix") {
    view["type"].report("is not Exact, PathPrefix or RegularExpression");
  } else if (!out.value.starts_with('/')) {
    view["value"].report("does not start with '/'");
  }
  return out;
}

std::vector<model::LimitSelector> read_selectors(const View& list) {
  std::vector<model::LimitSelector> out;
  for (const View& item : list.items()) {
    model::LimitSelector selector;
    selector.headers = read_values(item["headers"], true);
    selector.source = read_source(item["sourceCIDR"]);
    for (const View& method : item["methods"].items()) {
      selector.methods.push_back(
          {method["value"].text_or(""), method["invert"].boolean().value_or(false)});
      if (selector.methods.back().value.empty()) method.report("needs a value");
    }
    selector.path = read_path(item["path"]);
    selector.query = read_values(item["queryParams"], false);
    out.push_back(std::move(selector));
  }
  return out;
}

model::LimitCost read_cost(const View& view, bool at_request, TrafficPolicy& policy) {
  model::LimitCost out;
  const View metadata = view["metadata"];
  if (!metadata.exists()) {
    const auto number = view["number"].integer(0);
    out.number = static_cast<std::uint64_t>(number.value_or(1));
    return out;
  }
  const std::string space = metadata["namespace"].text_or("");
  const std::string key = metadata["key"].text_or("");
  out.number = 0;
  if (space != catalog::kCostNamespace) {
    policy.notes.push_back(metadata.path() + " names the namespace '" + space + "', but only " +
                           std::string(catalog::kCostNamespace) +
                           " is supplied; nothing is charged for it.");
  } else if (at_request) {
    policy.notes.push_back(metadata.path() +
                           " is known when the answer has ended; nothing is charged when the "
                           "request arrives.");
  } else if (key.empty()) {
    metadata.report("needs a key");
  } else {
    out.key = key;
    policy.cost_keys.emplace_back(metadata.path(), key);
  }
  return out;
}

model::LimitRule read_rule(const View& view, bool global, TrafficPolicy& policy) {
  model::LimitRule out;
  out.selectors = read_selectors(view["clientSelectors"]);
  const View limit = view["limit"];
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const auto requests = limit["requests"].integer(0, kMost);
  if (!requests) limit.report("needs requests, a number of 0 or more");
  out.requests = static_cast<std::uint64_t>(requests.value_or(0));
  out.unit = limit["unit"].text_or("");
  if (!is_one_of(kUnits, out.unit)) limit.report("needs a unit from Second to Year");
  if (limit["fromMetadata"].exists()) {
    policy.refused.push_back(limit["fromMetadata"].path() +
                             ": nothing supplies the limit of a request in this version");
  }
  const View cost = view["cost"];
  if (cost["request"].exists()) out.request_cost = read_cost(cost["request"], true, policy);
  if (cost["response"].exists() && global) {
    out.response_cost = read_cost(cost["response"], false, policy);
  } else if (cost["response"].exists()) {
    cost["response"].report("cannot be set for a local rule");
  }
  out.shared = view["shared"].boolean().value_or(false);
  out.shadow = view["shadowMode"].boolean().value_or(false);
  out.headers = view["xRateLimitHeaders"].text_or("") != "Off";
  return out;
}

std::optional<std::vector<model::LimitRule>> read_rules(const View& view, bool global,
                                                        TrafficPolicy& policy) {
  if (!view.exists()) return std::nullopt;
  std::vector<model::LimitRule> out;
  for (const View& rule : view["rules"].items()) out.push_back(read_rule(rule, global, policy));
  return out;
}

}  // namespace

TrafficPolicy read_traffic_policy(const Object& object) {
  TrafficPolicy out;
  out.meta = read_meta(object);
  const View root(*object.document, "", out.meta.problems);
  const View spec = root["spec"];
  out.targets = read_all_target_refs(spec);
  out.selectors = read_target_selectors(spec["targetSelectors"]);
  const std::string merge = spec["mergeType"].text_or("");
  out.merges = merge == "StrategicMerge" || merge == "JSONMerge";
  if (!merge.empty() && !out.merges) spec["mergeType"].report("is not StrategicMerge or JSONMerge");
  const View limit = spec["rateLimit"];
  out.limits.owner = out.meta.owner();
  out.limits.global = read_rules(limit["global"], true, out);
  out.limits.local = read_rules(limit["local"], false, out);
  out.has_limits = out.limits.global.has_value() || out.limits.local.has_value();
  const View failure = root["metadata"]["annotations"][kStoreFailureAnnotation];
  out.limits.store_failure = failure.text_or("allow");
  if (!is_one_of(kFailures, out.limits.store_failure)) {
    failure.report("is not allow, deny or local");
    out.limits.store_failure = "deny";
  }
  out.ignored =
      other_fields(spec, {"targetRef", "targetRefs", "targetSelectors", "mergeType", "rateLimit"});
  return out;
}

std::vector<model::Cost> read_costs(const View& list, std::vector<std::string>& faults) {
  std::vector<model::Cost> out;
  std::set<std::string> keys;
  for (const View& item : list.items()) {
    model::Cost cost{item["metadataKey"].text_or(""), item["type"].text_or(""),
                     item["cel"].text_or("")};
    std::string fault;
    if (cost.key.empty() || cost.key.size() > kMaxCostKeyBytes) {
      fault = ".metadataKey has to have 1 to " + std::to_string(kMaxCostKeyBytes) + " bytes";
    } else if (keys.contains(cost.key)) {
      fault = ": an earlier cost has the key " + cost.key + " already";
    } else if (!is_one_of(kCostTypes, cost.type)) {
      fault = ".type '" + cost.type + "' is not known";
    } else if (cost.type == "CEL") {
      const auto expression = catalog::CostExpression::compile(cost.cel);
      if (!expression) fault = ".cel: " + expression.error().detail;
    } else {
      cost.cel.clear();
    }
    if (!fault.empty()) {
      faults.push_back(item.path() + fault);
      continue;
    }
    keys.insert(cost.key);
    out.push_back(std::move(cost));
  }
  return out;
}

GatewayConfig read_gateway_config(const Object& object) {
  GatewayConfig out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.costs = read_costs(spec["globalLLMRequestCosts"], out.faults);
  out.ignored = other_fields(spec, {"globalLLMRequestCosts"});
  return out;
}

}  // namespace tollgate::reconcilers::resources
