#include "reconcilers/resources/kinds.h"

#include <array>
#include <cstddef>

namespace tollgate::reconcilers::resources {

namespace {

constexpr std::string_view kDiscoveryGroup = "discovery.k8s.io";

constexpr std::array<std::string_view, 1> kV1{"v1"};
constexpr std::array<std::string_view, 1> kV1Alpha1{"v1alpha1"};
constexpr std::array<std::string_view, 2> kV1AndBeta{"v1", "v1beta1"};
constexpr std::array<std::string_view, 2> kV1AndAlpha3{"v1", "v1alpha3"};
constexpr std::array<std::string_view, 2> kBetaAndAlpha{"v1beta1", "v1alpha1"};

constexpr std::array kKinds{
    KindInfo{Kind::kGatewayClass, kGatewayGroup, "GatewayClass", "gatewayclasses", kV1AndBeta,
             false},
    KindInfo{Kind::kGateway, kGatewayGroup, "Gateway", "gateways", kV1AndBeta},
    KindInfo{Kind::kHttpRoute, kGatewayGroup, "HTTPRoute", "httproutes", kV1AndBeta},
    KindInfo{Kind::kReferenceGrant, kGatewayGroup, "ReferenceGrant", "referencegrants", kV1AndBeta},
    KindInfo{Kind::kBackendTlsPolicy, kGatewayGroup, "BackendTLSPolicy", "backendtlspolicies",
             kV1AndAlpha3},
    KindInfo{Kind::kAiGatewayRoute, kAiGroup, "AIGatewayRoute", "aigatewayroutes", kBetaAndAlpha},
    KindInfo{Kind::kAiServiceBackend, kAiGroup, "AIServiceBackend", "aiservicebackends",
             kBetaAndAlpha},
    KindInfo{Kind::kBackendSecurityPolicy, kAiGroup, "BackendSecurityPolicy",
             "backendsecuritypolicies", kBetaAndAlpha},
    KindInfo{Kind::kGatewayConfig, kAiGroup, "GatewayConfig", "gatewayconfigs", kBetaAndAlpha},
    KindInfo{Kind::kBackend, kEnvoyGroup, "Backend", "backends", kV1Alpha1},
    KindInfo{Kind::kClientTrafficPolicy, kEnvoyGroup, "ClientTrafficPolicy",
             "clienttrafficpolicies", kV1Alpha1},
    KindInfo{Kind::kBackendTrafficPolicy, kEnvoyGroup, "BackendTrafficPolicy",
             "backendtrafficpolicies", kV1Alpha1},
    KindInfo{Kind::kEnvoyProxy, kEnvoyGroup, "EnvoyProxy", "envoyproxies", kV1Alpha1},
    KindInfo{Kind::kService, "", "Service", "services", kV1},
    KindInfo{Kind::kEndpointSlice, kDiscoveryGroup, "EndpointSlice", "endpointslices", kV1},
    KindInfo{Kind::kSecret, "", "Secret", "secrets", kV1},
    KindInfo{Kind::kConfigMap, "", "ConfigMap", "configmaps", kV1},
    KindInfo{Kind::kNamespace, "", "Namespace", "namespaces", kV1, false},
    KindInfo{Kind::kServiceAccount, "", "ServiceAccount", "serviceaccounts", kV1},
};

}  // namespace

std::span<const KindInfo> all_kinds() {
  return kKinds;
}

const KindInfo& kind_info(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

const KindInfo* find_kind(std::string_view group, std::string_view name) {
  for (const KindInfo& info : kKinds) {
    if (info.group == group && info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace tollgate::reconcilers::resources
