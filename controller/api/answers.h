#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/api/rest/service.h"
#include "controller/api/view.h"
#include "controller/schema/registry.h"
#include "dataplane/base/clock.h"

namespace tollgate::controller::api {

/// The fields of objects that are told, as JSON pointers: what the printed columns read. Everything
/// else stays here, the data of Secrets and ConfigMaps first of all.
std::span<const std::string_view> shown_fields();

/// One object: apiVersion, kind, namespace, name, age, conditions (those of parents, ancestors and
/// listeners with `for`), metadata and the shown fields.
nlohmann::json object_item(const ObjectView& view, dataplane::base::WallTime now);

nlohmann::json gateway_item(const GatewayView& view);

/// The answer to a path, given as its decoded segments: api/v1/objects[/KIND[/NS/NAME]],
/// api/v1/gateways. KIND is what kubectl takes. An object without namespace is KIND/-/NAME.
rest::Outcome answer(const schema::Registry& registry, const View& view,
                     std::span<const std::string> path, dataplane::base::WallTime now);

/// {"error": {"status": ..., "message": ...}}
rest::Outcome refusal(int status, std::string_view message);

}  // namespace tollgate::controller::api
