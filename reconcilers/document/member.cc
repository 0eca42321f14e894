#include "reconcilers/document/member.h"

#include <nlohmann/json.hpp>

namespace tollgate::reconcilers::document {

const nlohmann::json& member(const nlohmann::json& value, const char* name) {
  static const nlohmann::json kNull;
  if (!value.is_object()) return kNull;
  const auto found = value.find(name);
  return found == value.end() ? kNull : *found;
}

std::string text_of(const nlohmann::json& value, const char* name, const char* otherwise) {
  const nlohmann::json& text = member(value, name);
  return text.is_string() ? text.get<std::string>() : std::string(otherwise);
}

}  // namespace tollgate::reconcilers::document
