#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reconcilers/model/route.h"
#include "reconcilers/model/status.h"
#include "reconcilers/resources/view.h"
#include "reconcilers/states.h"

namespace tollgate::reconcilers {

// Types.
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kResolvedRefs = "ResolvedRefs";
inline constexpr std::string_view kProgrammed = "Programmed";
inline constexpr std::string_view kConflicted = "Conflicted";
inline constexpr std::string_view kPartiallyInvalid = "PartiallyInvalid";
inline constexpr std::string_view kRulesShadowed = "RulesShadowed";

/// Whether a condition of this type and status ("True", "False", "Unknown") says that something is
/// wrong: False of Accepted, ResolvedRefs and Programmed; True of those that name a fault, whose
/// good answer is False. Others are neither.
bool says_wrong(std::string_view type, std::string_view status);

model::Condition yes(std::string_view type, std::string_view reason, std::string message);
model::Condition no(std::string_view type, std::string_view reason, std::string message);

/// " These fields are set but have no effect yet: ..."; empty if there are none.
std::string ignored_note(const std::vector<std::string>& ignored);
/// Accepted=True/Accepted, naming the fields that have no effect.
model::Condition accepted(const std::string& message, const std::vector<std::string>& ignored);
/// Accepted=False/Invalid for an object that could not be read.
model::Condition unreadable(const resources::Problems& problems);
/// `type` True with `reason` if usable, else False with the verdict's own reason.
model::Condition from_verdict(std::string_view type, const Verdict& verdict, std::string message);

Verdict usable();
Verdict unusable(std::string_view reason, std::string message);

/// ResolvedRefs=True.
model::Condition all_resolved();

/// What a request gets whose backend is not usable. Details stay in the status.
model::Answer misconfigured();

/// "a, b and c", at most `limit` of them, then "and 4 more".
std::string join_names(const std::vector<std::string>& names, std::size_t limit = 8);

}  // namespace tollgate::reconcilers
