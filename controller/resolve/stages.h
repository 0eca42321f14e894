#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/snapshot/resource.h"
#include "reconcilers/collections.h"
#include "render/owned.h"

namespace tollgate::controller::resolve {

namespace derive = tollgate::reconcilers::derive;
namespace model = tollgate::reconcilers::model;
namespace snapshot = tollgate::dataplane::snapshot;

/// A resource, and the objects that it was made of.
struct Member {
  std::shared_ptr<const snapshot::Resource> resource;
  std::vector<model::Owner> owners;
  friend bool operator==(const Member& a, const Member& b) {
    return a.resource->key == b.resource->key && a.resource->hash == b.resource->hash &&
           a.owners == b.owners;
  }
};

/// A resource that a Gateway's proxies refused, by what it said.
struct Refused {
  std::string gateway;
  std::string key;
  std::string why;
  friend bool operator==(const Refused&, const Refused&) = default;
};

/// Something that is held back from a Gateway's proxies, whose objects' status says so.
struct Withheld {
  std::string reason;
  std::string why;
  std::vector<model::Owner> owners;
  friend bool operator==(const Withheld&, const Withheld&) = default;
};

/// What the least capable proxy of a Gateway can do.
struct ProxyAbilities {
  std::set<std::string> names;
  friend bool operator==(const ProxyAbilities&, const ProxyAbilities&) = default;
};

/// The objects that run a Gateway.
struct OwnedSet {
  model::ObjectId gateway;
  std::string gateway_uid;
  std::vector<render::OwnedObject> objects;
  friend bool operator==(const OwnedSet&, const OwnedSet&) = default;
};

template <typename T>
using Of = derive::Collection<T>;

/// Collections that rendering adds to those of resolution. "A|B" joins two keys.
struct Stages {
  std::shared_ptr<const reconcilers::Context> resolution;
  // Inputs.
  Of<Refused> refused;                    // "GATEWAY|RESOURCE|HASH"
  derive::Index<Refused> refused_around;  // by "GATEWAY|PLACE", see place_of
  Of<ProxyAbilities> abilities;           // GATEWAY; absent: everything this program renders
  // Derived.
  Of<Member> rendered;             // by resource key; what does not depend on a Gateway
  Of<Withheld> missing_upstreams;  // "UPSTREAM|GATEWAY"
  Of<Withheld> missing_backends;   // "BACKEND|GATEWAY"
  Of<Withheld> missing_limits;     // "GATEWAY|RESOURCE"
  Of<Withheld> missing_listeners;  // "GATEWAY|LISTENER"
  Of<Member> members;              // "GATEWAY|RESOURCE": each Gateway's set
  Of<Withheld> withheld;           // "GATEWAY|RESOURCE": for statuses
  Of<OwnedSet> owned;              // GATEWAY
};

/// Registers resolution and, after it, rendering. A Gateway's set holds what its own routes reach
/// and nothing else.
std::shared_ptr<const Stages> register_stages(derive::Engine& engine, reconcilers::Options options,
                                              const render::OwnedOptions& owned);

/// What the rules of one route, and the route itself, have in common: "AIGatewayRoute/NS/NAME"; the
/// whole key of any other resource.
std::string place_of(std::string_view resource_key);

/// Key of an entry of Stages::refused.
std::string refused_key(const std::string& gateway, const snapshot::Resource& resource);

}  // namespace tollgate::controller::resolve
