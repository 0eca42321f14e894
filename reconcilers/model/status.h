#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconcilers/model/object_id.h"

namespace tollgate::reconcilers::model {

enum class Truth : std::uint8_t { kFalse, kTrue, kUnknown };
std::string_view to_string(Truth truth);

/// One condition; observedGeneration is the object's and is added when it is written out.
struct Condition {
  std::string type;
  Truth status = Truth::kUnknown;
  std::string reason;
  std::string message;
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// A parentRef or ancestorRef, exactly as its author wrote it: what is absent stays absent.
struct ParentRef {
  std::optional<std::string> group;
  std::optional<std::string> kind;
  std::optional<std::string> namespace_;
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::int64_t> port;
  friend auto operator<=>(const ParentRef&, const ParentRef&) = default;
};

/// Conditions towards one parent of a route, or one ancestor of a policy.
struct ParentStatus {
  ParentRef ref;
  std::string controller_name;
  /// "NS/NAME" of the Gateway whose proxies decide about Programmed; empty: it is not added.
  std::string gateway;
  std::vector<Condition> conditions;
  friend bool operator==(const ParentStatus&, const ParentStatus&) = default;
};

struct RouteKind {
  std::string group;
  std::string kind;
  friend auto operator<=>(const RouteKind&, const RouteKind&) = default;
};

struct ListenerStatus {
  std::string name;
  std::vector<RouteKind> supported_kinds;
  std::size_t attached_routes = 0;
  std::vector<Condition> conditions;
  friend bool operator==(const ListenerStatus&, const ListenerStatus&) = default;
};

struct Address {
  std::string type;  // "IPAddress" or "Hostname"
  std::string value;
  friend auto operator<=>(const Address&, const Address&) = default;
};

/// How the part of a status that is ours is delimited.
enum class StatusScope : std::uint8_t {
  kWhole,      // the whole status
  kParents,    // entries of status.parents with our controller name
  kAncestors,  // entries of status.ancestors with our controller name
};

/// Everything that the status of one object shall say. Programmed is missing: it depends on what
/// proxies acknowledged and is added last (reconcilers/programmed.h).
struct ObjectStatus {
  ObjectId id;
  std::int64_t generation = 0;
  StatusScope scope = StatusScope::kWhole;
  std::vector<Condition> conditions;
  /// Written once and not kept up: what we said of an object that is somebody else's now.
  bool once = false;
  /// Whether `conditions` gets a Programmed over all Gateways that use the object.
  bool programmed = false;
  std::vector<ParentStatus> parents;
  std::vector<ParentStatus> ancestors;
  // Of a Gateway.
  std::vector<ListenerStatus> listeners;
  std::vector<Address> addresses;
  // Of a GatewayClass.
  std::vector<std::string> supported_features;
  friend bool operator==(const ObjectStatus&, const ObjectStatus&) = default;
};

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);
bool is_true(const std::vector<Condition>& conditions, std::string_view type);

/// The document's `status` member, without lastTransitionTime.
nlohmann::json to_json(const ObjectStatus& status);

}  // namespace tollgate::reconcilers::model
