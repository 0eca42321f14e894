#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tollgate::controller::tools {

/// JSON as block YAML, every string that could be read as something else quoted.
std::string to_yaml(const nlohmann::json& value);

}  // namespace tollgate::controller::tools
