#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconcilers/collections.h"

namespace tollgate::reconcilers {

/// What attaching needs of a route of any kind.
struct RouteFacts {
  const resources::Meta& meta;
  const std::vector<model::ParentRef>& parents;
  const std::vector<std::string>& hostnames;
};

/// The outcome for one parentRef to a Gateway of ours.
struct Parent {
  model::ParentStatus status;  // with Accepted
  std::vector<model::Attachment> attachments;
};

struct Attachments {
  std::vector<Parent> parents;
  /// Gateways that parentRefs name and that do not exist.
  std::vector<std::string> missing;
};

/// Finds the listeners that carry a route and says per parent whether it is accepted.
Attachments attach(const Context& x, const RouteFacts& facts, derive::Lookup& look);

/// Whether one of these controller names is ours: a status has entries that we once wrote.
bool any_ours(const Options& options, const std::vector<std::string>& controller_names);

/// Key of a route: "HTTPRoute/default/web".
std::string route_key(const model::ObjectId& id);

/// The hostname that both patterns cover: the more specific one; none if they exclude each other.
/// Empty = every host.
std::optional<std::string> intersect_hostnames(std::string_view a, std::string_view b);

/// Visits every place (Gateway, listener, hostname and match) that a rule answers, with the rule's
/// name in messages. The last rule of an AIGatewayRoute, the one for unknown models, is left out:
/// every such route has it.
void for_each_claim(
    const model::Route& route,
    const std::function<void(const std::string& place, const std::string& rule)>& visit);

/// Everything that follows from a finished route: the route per Gateway, its share of
/// attachedRoutes, the backends that its Gateways use, its matches. `parents` have their final
/// conditions but Programmed.
void emit_route(const Context& x, const std::string& key, model::Route route,
                const std::vector<Parent>& parents, derive::Output& out);

}  // namespace tollgate::reconcilers
