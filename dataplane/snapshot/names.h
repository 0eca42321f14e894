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
  static constexpr std::array<std::pair<CredentialType, std::string_view>, 4> kAll{
      {{CredentialType::kApiKey, "api_key"},
       {CredentialType::kAnthropicApiKey, "anthropic_api_key"},
       {CredentialType::kAzureApiKey, "azure_api_key"},
       {CredentialType::kAws, "aws"}}};
};

}  // namespace tollgate::dataplane::snapshot
