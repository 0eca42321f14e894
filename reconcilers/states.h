#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconcilers/model/backend.h"
#include "reconcilers/model/gateway.h"
#include "reconcilers/model/route.h"
#include "reconcilers/model/status.h"
#include "reconcilers/resources/common.h"

/// What reconcilers tell each other: narrow values, so that a reader runs again only when something
/// changed that matters to it.
namespace tollgate::reconcilers {

/// A GatewayClass that is ours.
struct ClassState {
  std::string controller_name;
  bool accepted = false;
  std::string message;  // why not
  std::string proxy;    // "NS/NAME" of its EnvoyProxy, empty if none
  friend bool operator==(const ClassState&, const ClassState&) = default;
};

/// A listener's socket, wanted by a Gateway among all that share one host.
struct PortClaim {
  std::uint16_t bind_port = 0;
  std::string gateway;
  friend bool operator==(const PortClaim&, const PortClaim&) = default;
};

/// What routes need to know of a Gateway to attach.
struct Door {
  struct Listener {
    std::string name;
    std::uint16_t port = 0;
    std::string hostname;
    bool accepted = false;
    bool http_routes = false;  // HTTPRoute (and with it AIGatewayRoute) is an allowed kind
    std::string from;
    resources::LabelSelector selector;
    friend bool operator==(const Listener&, const Listener&) = default;
  };
  std::string controller_name;
  std::string namespace_;
  bool accepted = false;
  std::vector<Listener> listeners;
  friend bool operator==(const Door&, const Door&) = default;
};

/// A route on a listener, for attachedRoutes.
struct Attached {
  std::string listener_key;  // "GATEWAY|LISTENER"
  friend bool operator==(const Attached&, const Attached&) = default;
};

/// A route on a Gateway.
struct RouteOnGateway {
  std::string gateway;
  std::string route;  // key of the route
  friend bool operator==(const RouteOnGateway&, const RouteOnGateway&) = default;
};

/// A match of a rule on one listener and hostname, to find rules that never get a request.
struct MatchClaim {
  std::string place;  // listener, hostname and match, as one text
  std::string route;  // key of the route
  std::string rule;   // for messages: "AIGatewayRoute default/a rule 0"
  friend bool operator==(const MatchClaim&, const MatchClaim&) = default;
};

/// A backend that a Gateway's routes use, or refer to.
struct BackendOnGateway {
  model::BackendId backend;
  std::string gateway;
  std::string controller_name;
  friend bool operator==(const BackendOnGateway&, const BackendOnGateway&) = default;
};

/// An upstream that a Gateway's backends use, or refer to.
struct UpstreamOnGateway {
  model::UpstreamId upstream;
  std::string gateway;
  std::string controller_name;
  friend bool operator==(const UpstreamOnGateway&, const UpstreamOnGateway&) = default;
};

/// Whether something can be used. `reason` and `message` are a condition's if not.
struct Verdict {
  bool usable = false;
  std::string reason;
  std::string message;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// A Backend (gateway.envoyproxy.io) as its users see it.
struct BackendState {
  Verdict verdict;
  std::string host;  // what a request to it names as Host; empty for addresses without TLS name
  bool all_ip = false;
  friend bool operator==(const BackendState&, const BackendState&) = default;
};

/// A BackendTLSPolicy, checked.
struct TlsState {
  resources::Meta meta;
  std::vector<resources::TargetRef> targets;
  Verdict verdict;
  model::UpstreamTls tls;
  std::vector<model::Owner> owners;  // the policy and the ConfigMaps of its certificates
  friend bool operator==(const TlsState&, const TlsState&) = default;
};

/// A BackendSecurityPolicy, checked.
struct CredentialState {
  resources::Meta meta;
  std::vector<resources::TargetRef> targets;
  Verdict verdict;
  std::string warning;  // of usable ones: why they will not be for long
  std::string type;
  std::string region;
  friend bool operator==(const CredentialState&, const CredentialState&) = default;
};

/// A ServiceAccount, and whether we made it.
struct ServiceAccountState {
  bool ours = false;
  friend bool operator==(const ServiceAccountState&, const ServiceAccountState&) = default;
};

/// What routes need to know of an AIServiceBackend.
struct AiBackendState {
  Verdict verdict;
  model::HeaderEdit request_headers;
  model::BodyEdit request_body;
  std::vector<std::string> unserved;  // endpoints whose requests it cannot take
  model::UpstreamId upstream;         // of what it refers to, usable or not; no name if it may not
  friend bool operator==(const AiBackendState&, const AiBackendState&) = default;
};

/// A route's status before it is known which of its rules others shadow.
struct RouteDraft {
  model::ObjectStatus status;
  friend bool operator==(const RouteDraft&, const RouteDraft&) = default;
};

/// What target selectors of policies look at of an object.
struct Selectable {
  std::string kind;  // as selectors name it: an AIGatewayRoute stands for the HTTPRoute of its name
  model::ObjectId id;
  std::map<std::string, std::string> labels;
  friend bool operator==(const Selectable&, const Selectable&) = default;
};

}  // namespace tollgate::reconcilers
