#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tollgate::reconcilers::document {

/// Reading JSON documents whose shape nobody has checked: what is missing or of another type reads
/// as nothing. References live as long as `value`.

/// The member `name` of an object, null if `value` has none or is no object.
const nlohmann::json& member(const nlohmann::json& value, const char* name);

/// The string in member `name`, `otherwise` if it is something else.
std::string text_of(const nlohmann::json& value, const char* name, const char* otherwise = "");

}  // namespace tollgate::reconcilers::document
