#include "reconcilers/conditions.h"

#include <algorithm>
#include <utility>

namespace tollgate::reconcilers {

bool says_wrong(std::string_view type, std::string_view status) {
  if (type == kConflicted || type == kPartiallyInvalid || type == kRulesShadowed) {
    return status == "True";
  }
  return status == "False" && (type == kAccepted || type == kResolvedRefs || type == kProgrammed);
}

model::Condition yes(std::string_view type, std::string_view reason, std::string message) {
  return {std::string(type), model::Truth::kTrue, std::string(reason), std::move(message)};
}

model::Condition no(std::string_view type, std::string_view reason, std::string message) {
  return {std::string(type), model::Truth::kFalse, std::string(reason), std::move(message)};
}

std::string ignored_note(const std::vector<std::string>& ignored) {
  if (ignored.empty()) return {};
  return " These fields are set but have no effect yet: " + join_names(ignored) + ".";
}

model::Condition accepted(const std::string& message, const std::vector<std::string>& ignored) {
  return yes(kAccepted, "Accepted", message + ignored_note(ignored));
}

model::Condition unreadable(const resources::Problems& problems) {
  return no(kAccepted, "Invalid", "The object cannot be read: " + describe(problems) + ".");
}

model::Condition from_verdict(std::string_view type, const Verdict& verdict, std::string message) {
  return verdict.usable ? yes(type, type, std::move(message))
                        : no(type, verdict.reason, verdict.message);
}

model::Condition all_resolved() {
  return yes(kResolvedRefs, "ResolvedRefs", "All references resolve.");
}

Verdict usable() {
  return {true, {}, {}};
}

Verdict unusable(std::string_view reason, std::string message) {
  return {false, std::string(reason), std::move(message)};
}

model::Answer misconfigured() {
  return {500, "backend_misconfigured",
          "The gateway has no usable backend for this request. Its operator finds the reason in "
          "the status of the route."};
}

std::string join_names(const std::vector<std::string>& names, std::size_t limit) {
  std::string out;
  const std::size_t shown = std::min(limit, names.size());
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  if (shown < names.size()) out += " and " + std::to_string(names.size() - shown) + " more";
  return out;
}

}  // namespace tollgate::reconcilers
