#pragma once

#include <string_view>

#include "dataplane/formats/chat/request.h"
#include "dataplane/formats/chat/survey.h"

namespace tollgate::dataplane::formats::openai {

/// What `reasoning_effort` says for the request, empty: nothing. A budget becomes low below
/// kLowBudget, medium below kMediumBudget, else high.
std::string_view effort_of(const chat::Request& request, const chat::LossCheck& losses);
inline constexpr double kLowBudget = 4096;
inline constexpr double kMediumBudget = 16384;

/// `service_tier` for the request; a tier that only its origin knows is left out with a warning.
std::string_view tier_of(const chat::Request& request, chat::LossCheck& losses);

}  // namespace tollgate::dataplane::formats::openai
