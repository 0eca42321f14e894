#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "dataplane/catalog/regex_check.h"
#include "dataplane/snapshot/check.h"
#include "dataplane/snapshot/limits.h"

namespace tollgate::dataplane::snapshot {

namespace {

/// "ADDRESS/BITS" whose host bits are zero.
bool is_prefix(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string address = text.substr(0, slash);
  const std::string_view length = std::string_view(text).substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.begin(), length.end(), bits);
  if (error != std::errc() || end != length.end() || length.empty()) return false;
  std::array<unsigned char, 16> bytes{};
  const bool v6 = address.find(':') != std::string::npos;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) != 1) return false;
  const unsigned width = v6 ? 128 : 32;
  if (bits > width) return false;
  for (unsigned bit = bits; bit < width; ++bit) {
    if ((bytes[bit / 8] & (0x80U >> (bit % 8))) != 0) return false;
  }
  return true;
}

bool is_lower_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && (c < 'A' || c > 'Z') && c != ':' && c != ',';
  });
}

std::string check_pattern(std::string_view pattern) {
  const base::Status status = catalog::check_regex(pattern);
  return status ? std::string() : status.error().detail;
}

std::string check_values(const std::vector<LimitValueMatch>& matches, bool header) {
  for (const LimitValueMatch& match : matches) {
    if (header && !is_lower_name(match.name)) {
      return "'" + match.name + "' is no header name in lower case";
    }
    if (match.name.empty()) return "a query selector needs a name";
    if (match.type == LimitMatchType::kDistinct && (match.invert || !match.value.empty())) {
      return "a distinct selector has no value and is not inverted";
    }
    if (match.type != LimitMatchType::kRegex) continue;
    if (std::string why = check_pattern(match.value); !why.empty()) return why;
  }
  return {};
}

std::string check_selector(const LimitSelector& selector) {
  for (const LimitSource& source : selector.source_cidrs) {
    if (!is_prefix(source.prefix)) return "'" + source.prefix + "' is no address prefix";
    if (source.distinct && source.invert) return "a distinct prefix is not inverted";
  }
  for (const LimitMethod& method : selector.methods) {
    if (method.value.empty()) return "a method selector needs a method";
  }
  if (selector.path && selector.path->type == LimitPathType::kRegex) {
    if (std::string why = check_pattern(selector.path->value); !why.empty()) return why;
  } else if (selector.path && !selector.path->value.starts_with('/')) {
    return "a path starts with '/'";
  }
  if (std::string why = check_values(selector.headers, true); !why.empty()) return why;
  return check_values(selector.query, false);
}

std::string check_rule(const LimitRule& rule, LimitKind kind) {
  if (rule.id.empty()) return "a limit needs an id";
  if (kind == LimitKind::kLocal && rule.response_cost) {
    return "a local limit has no response cost";
  }
  for (const LimitSelector& selector : rule.selectors) {
    if (std::string why = check_selector(selector); !why.empty()) return why;
  }
  return {};
}

}  // namespace

std::string check(const Limits& limits) {
  if (limits.policy.empty() || limits.scope_key.empty()) {
    return "limits need a policy and a scope_key";
  }
  constexpr std::uint16_t kLeastError = 400;
  constexpr std::uint16_t kLargestError = 599;
  if (limits.unusable && (limits.unusable->status < kLeastError ||
                          limits.unusable->status > kLargestError || !limits.rules.empty())) {
    return "unusable limits have an error and no rules";
  }
  if (limits.rules.size() > kMaxLimitRules) return "too many limits in one policy";
  std::set<std::string_view> ids;
  for (const LimitRule& rule : limits.rules) {
    if (std::string why = check_rule(rule, limits.kind); !why.empty()) return why;
    if (!ids.insert(rule.id).second) return "two limits have the id " + rule.id;
  }
  return {};
}

std::string check(const Costs& costs) {
  if (costs.costs.size() > kMaxCosts) return "too many costs";
  std::set<std::string_view> keys;
  for (const Cost& cost : costs.costs) {
    if (cost.key.empty() || cost.key.size() > kMaxCostKeyBytes) return "a cost needs a short key";
    if (!keys.insert(cost.key).second) return "two costs have the key " + cost.key;
    if ((cost.type == CostType::kCel) == cost.cel.empty()) {
      return "exactly a cost of type cel has an expression";
    }
  }
  return {};
}

std::string check(const LimitStore& store) {
  if (store.addresses.empty()) return "a store needs an address";
  if (store.addresses.size() > kMaxStoreAddresses) return "a store has too many addresses";
  for (const Endpoint& address : store.addresses) {
    if (address.host.empty() || address.port == 0) return "an address needs a host and a port";
  }
  if (!store.username.empty() && store.password_secret_key.empty()) {
    return "a user needs a password";
  }
  return store.timeout.count() == 0 ? "timeout_ms is above 0" : "";
}

}  // namespace tollgate::dataplane::snapshot
