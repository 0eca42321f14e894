#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "dataplane/snapshot/types.h"

namespace tollgate::dataplane::snapshot {

/// The texts that stand for an enumerator in a body. One specialisation per enum type.
template <typename E>
struct Names;

template <>
struct Names<Protocol> {
  static constexpr std::array<std::pair<Protocol, std::string_view>, 1> kAll{
      {{Protocol::kHttp, "http"}}};
};

template <>
struct Names<MatchType> {
  static constexpr std::array<std::pair<MatchType, std::string_view>, 3> kAll{
      {{MatchType::kExact, "exact"}, {MatchType::kPrefix, "prefix"}, {MatchType::kRegex, "regex"}}};
};

template <>
struct Names<CredentialType> {
  static constexpr std::array<std::pair<CredentialType, std::string_view>, 5> kAll{
      {{CredentialType::kApiKey, "api_key"},
       {CredentialType::kAnthropicApiKey, "anthropic_api_key"},
       {CredentialType::kAzureApiKey, "azure_api_key"},
       {CredentialType::kAws, "aws"},
       {CredentialType::kGcp, "gcp"}}};
};

template <>
struct Names<CostType> {
  static constexpr std::array<std::pair<CostType, std::string_view>, 7> kAll{
      {{CostType::kInput, "input"},
       {CostType::kCachedInput, "cached_input"},
       {CostType::kCacheCreation, "cache_creation"},
       {CostType::kOutput, "output"},
       {CostType::kTotal, "total"},
       {CostType::kReasoning, "reasoning"},
       {CostType::kCel, "cel"}}};
};

template <>
struct Names<LimitMatchType> {
  static constexpr std::array<std::pair<LimitMatchType, std::string_view>, 3> kAll{
      {{LimitMatchType::kExact, "exact"},
       {LimitMatchType::kRegex, "regex"},
       {LimitMatchType::kDistinct, "distinct"}}};
};

template <>
struct Names<LimitPathType> {
  static constexpr std::array<std::pair<LimitPathType, std::string_view>, 3> kAll{
      {{LimitPathType::kExact, "exact"},
       {LimitPathType::kPrefix, "prefix"},
       {LimitPathType::kRegex, "regex"}}};
};

template <>
struct Names<LimitUnit> {
  static constexpr std::array<std::pair<LimitUnit, std::string_view>, 7> kAll{
      {{LimitUnit::kSecond, "second"},
       {LimitUnit::kMinute, "minute"},
       {LimitUnit::kHour, "hour"},
       {LimitUnit::kDay, "day"},
       {LimitUnit::kWeek, "week"},
       {LimitUnit::kMonth, "month"},
       {LimitUnit::kYear, "year"}}};
};

template <>
struct Names<StoreFailure> {
  static constexpr std::array<std::pair<StoreFailure, std::string_view>, 3> kAll{
      {{StoreFailure::kAllow, "allow"},
       {StoreFailure::kDeny, "deny"},
       {StoreFailure::kLocal, "local"}}};
};

template <>
struct Names<LimitKind> {
  static constexpr std::array<std::pair<LimitKind, std::string_view>, 2> kAll{
      {{LimitKind::kGlobal, "global"}, {LimitKind::kLocal, "local"}}};
};

template <>
struct Names<StoreType> {
  static constexpr std::array<std::pair<StoreType, std::string_view>, 1> kAll{
      {{StoreType::kRedis, "redis"}}};
};

}  // namespace tollgate::dataplane::snapshot
