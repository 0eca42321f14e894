#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "dataplane/base/result.h"

namespace tollgate::controller::api {

constexpr std::chrono::seconds kAskTimeout{30};
constexpr std::chrono::seconds kAskConnectTimeout{5};
constexpr std::size_t kMaxAnswerBytes = 512U << 20U;

/// All objects of the read API at HOST:PORT, as documents that tables are printed of.
dataplane::base::Result<std::vector<nlohmann::json>> ask_objects(const std::string& address);

}  // namespace tollgate::controller::api
