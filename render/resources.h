#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/types.h"
#include "reconcilers/model/backend.h"
#include "reconcilers/model/gateway.h"
#include "reconcilers/model/limits.h"
#include "reconcilers/model/route.h"

namespace tollgate::render {

namespace model = tollgate::reconcilers::model;
namespace snapshot = tollgate::dataplane::snapshot;

/// One resource before it is encoded.
struct Piece {
  std::string key;
  snapshot::Value value;
};

// One function per resource kind; each is pure and makes one resource of one model value.

Piece render_gateway(const std::string& gateway, bool has_store, std::int32_t proxies);
/// `client_policy` is the key of a client policy, empty for the defaults.
Piece render_listener(const std::string& gateway, const model::Listener& listener,
                      const std::string& client_policy);
/// Named by the hash of what it says, so that equal policies are one resource.
Piece render_client_policy(const model::ClientPolicy& policy);
Piece render_backend(const model::Backend& backend);
Piece render_upstream(const model::Upstream& upstream);
Piece render_endpoints(const model::Endpoints& endpoints);
Piece render_credential(const std::string& policy, const model::Credential& credential);
Piece render_secret(const model::SecretValue& secret);

/// The route's part on one Gateway. Attachments to `withheld_listeners` are left out.
Piece render_route(const model::Route& route, const std::string& gateway,
                   const std::set<std::string>& withheld_listeners);

Piece render_store(const std::string& gateway, const model::LimitStore& store);
Piece render_costs(const std::string& key, const model::Costs& costs);
/// The policy's global or local limits as they apply where `use` says.
Piece render_limits(const model::Limits& limits, const model::LimitUse& use, bool global);

/// What a policy that cannot be served answers where `use` says.
Piece render_unusable_limits(const model::LimitUse& use);
snapshot::DirectResponse unlimited_answer();

/// What a rule needs to know beside the model.
struct RuleView {
  std::vector<std::string> limits_keys;
  std::string costs_key;
  /// Its limits cannot be served: the whole rule answers 500.
  bool unlimited = false;
  /// Backends (keys of model::BackendId) that this Gateway's proxies do not have. A rule's share
  /// that goes there answers 500.
  std::set<std::string> withheld_backends;
  /// The whole rule answers 500.
  bool withheld = false;
};
Piece render_rule(const model::Route& route, std::size_t index, const RuleView& view);

}  // namespace tollgate::render
