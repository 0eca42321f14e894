#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconcilers/model/limits.h"
#include "reconcilers/resources/common.h"

namespace tollgate::reconcilers::resources {

/// A filter of an HTTPRoute's rule or backendRef.
struct Filter {
  std::string type;
  model::HeaderEdit edit;                   // RequestHeaderModifier, ResponseHeaderModifier
  std::optional<model::Redirect> redirect;  // RequestRedirect
  std::string path;                         // where it stands, for messages
  friend bool operator==(const Filter&, const Filter&) = default;
};

struct HttpBackendRef {
  ObjectRef ref;
  std::uint32_t weight = 1;
  std::vector<Filter> filters;
  std::string path;
  friend bool operator==(const HttpBackendRef&, const HttpBackendRef&) = default;
};

struct HttpRule {
  std::string name;
  std::vector<model::Match> matches;
  std::vector<Filter> filters;
  std::vector<HttpBackendRef> backends;
  model::Timeouts timeouts;
  /// Set fields that change what a rule does and that this program does not do.
  std::vector<std::string> ignored;
  friend bool operator==(const HttpRule&, const HttpRule&) = default;
};

/// Controller names of the entries that status.parents has already. A change of them alone, which
/// we make ourselves all the time, is none to whoever reads the route.
struct StatusControllers {
  std::vector<std::string> names;
  friend bool operator==(const StatusControllers&, const StatusControllers&) { return true; }
};

struct HttpRoute {
  Meta meta;
  std::vector<model::ParentRef> parents;
  std::vector<std::string> hostnames;  // lower case
  std::vector<HttpRule> rules;
  std::vector<std::string> ignored;  // set fields without effect, but those of rules
  StatusControllers status_controllers;
  friend bool operator==(const HttpRoute&, const HttpRoute&) = default;
};
HttpRoute read_http_route(const Object& object);

struct AiBackendRef {
  ObjectRef ref;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  std::string model_override;
  model::HeaderEdit headers;
  model::BodyEdit body;
  std::string path;
  friend bool operator==(const AiBackendRef&, const AiBackendRef&) = default;
};

struct AiRule {
  std::string name;
  std::vector<model::Match> matches;
  std::vector<AiBackendRef> backends;
  model::Timeouts timeouts;
  std::string models_owned_by;
  std::optional<std::int64_t> models_created_unix_s;
  friend bool operator==(const AiRule&, const AiRule&) = default;
};

struct AiGatewayRoute {
  Meta meta;
  std::vector<model::ParentRef> parents;
  std::vector<std::string> hostnames;
  std::vector<AiRule> rules;
  std::vector<model::Cost> costs;
  std::vector<std::string> cost_faults;
  /// Set fields that this program accepts without acting on them.
  std::vector<std::string> ignored;
  StatusControllers status_controllers;
  friend bool operator==(const AiGatewayRoute&, const AiGatewayRoute&) = default;
};
AiGatewayRoute read_ai_gateway_route(const Object& object);

}  // namespace tollgate::reconcilers::resources
