#pragma once

#include <string_view>

#include "dataplane/formats/chat/request.h"
#include "dataplane/formats/chat/survey.h"

namespace tollgate::dataplane::formats::openai {

/// What `reasoning_effort` says to `model` for the request, empty: nothing. A budget becomes low
/// below kLowBudget, medium below kMediumBudget, else high; max and xhigh of other vendors'
/// dialects are the most that the model is known to take; no thinking is none, or the least.
std::string_view effort_of(const chat::Request& request, std::string_view model,
                           const chat::LossCheck& losses);
inline constexpr double kLowBudget = 4096;
inline constexpr double kMediumBudget = 16384;

/// `service_tier` for the request; a tier that only its origin knows is left out with a warning.
std::string_view tier_of(const chat::Request& request, chat::LossCheck& losses);

}  // namespace tollgate::dataplane::formats::openai
