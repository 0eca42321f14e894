#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tollgate::reconcilers::resources {

/// Every kind of API object that resolution reads.
enum class Kind : std::uint8_t {
  kGatewayClass,
  kGateway,
  kHttpRoute,
  kReferenceGrant,
  kBackendTlsPolicy,
  kAiGatewayRoute,
  kAiServiceBackend,
  kBackendSecurityPolicy,
  kGatewayConfig,
  kBackend,
  kClientTrafficPolicy,
  kBackendTrafficPolicy,
  kEnvoyProxy,
  kService,
  kEndpointSlice,
  kSecret,
  kConfigMap,
  kNamespace,
  kServiceAccount,
};

inline constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";
inline constexpr std::string_view kAiGroup = "aigateway.envoyproxy.io";
inline constexpr std::string_view kEnvoyGroup = "gateway.envoyproxy.io";

struct KindInfo {
  Kind kind;
  std::string_view group;  // empty: core
  std::string_view name;
  std::string_view plural;
  /// Versions that are understood, the one to ask the API server for first.
  std::span<const std::string_view> versions;
  bool namespaced = true;
};

/// All of them, in the order of the enumerators.
std::span<const KindInfo> all_kinds();
const KindInfo& kind_info(Kind kind);
/// By group and name; null for a kind that is not read.
const KindInfo* find_kind(std::string_view group, std::string_view name);

}  // namespace tollgate::reconcilers::resources
