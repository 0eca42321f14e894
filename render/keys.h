#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reconcilers/model/backend.h"
#include "reconcilers/model/limits.h"
#include "reconcilers/model/object_id.h"
#include "reconcilers/model/route.h"

namespace tollgate::render {

namespace model = tollgate::reconcilers::model;

// Resource keys (dataplane/snapshot/types.h says which kind has which). `gateway` is "NS/NAME".

std::string gateway_key(std::string_view gateway);
std::string listener_key(std::string_view gateway, std::string_view name);
std::string route_key(const model::ObjectId& route);
std::string rule_key(const model::ObjectId& route, std::size_t index);
std::string backend_key(const model::BackendId& id);
std::string upstream_key(const model::UpstreamId& id);
std::string endpoints_key(const model::UpstreamId& id);
std::string credential_key(std::string_view policy);
std::string secret_key(const model::SecretRef& ref);
std::string store_key(std::string_view gateway);
/// Of the costs that all AI routes of a Gateway have, and of a route with some of its own.
std::string gateway_costs_key(std::string_view gateway);
std::string route_costs_key(const model::ObjectId& route);
/// `global`: of the policy's global limits, else of its local ones.
std::string limits_key(const model::LimitUse& use, bool global);

}  // namespace tollgate::render
