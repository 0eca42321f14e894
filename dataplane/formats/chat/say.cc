#include "dataplane/formats/chat/say.h"

#include <algorithm>
#include <cmath>

namespace tollgate::dataplane::formats::chat {

namespace {

constexpr std::string_view kJsonInstruction =
    "Answer with exactly one JSON object and nothing else: no explanation, no code fence.";

}  // namespace

void write_number(json::Writer& writer, std::string_view key, const Number& number, bool verbatim) {
  if (!verbatim && std::abs(number.value) < kMaxExactInteger &&
      std::trunc(number.value) == number.value) {
    writer.member(key, static_cast<std::int64_t>(number.value));
  } else if (!number.raw.empty()) {
    writer.raw_member(key, number.raw);
  } else {
    writer.member(key, number.value);
  }
}

void write_number(json::Writer& writer, std::string_view key, const std::optional<Number>& number) {
  if (number) writer.raw_member(key, number->raw);
}

void write_texts(json::Writer& writer, std::string_view key,
                 const std::vector<std::string_view>& texts) {
  if (texts.empty()) return;
  writer.key(key).begin_array();
  for (const std::string_view text : texts) writer.value(text);
  writer.end_array();
}

bool is_nonzero(const std::optional<Number>& number) {
  return number && number->value != 0;
}

std::string json_instruction(const ResponseFormat& format) {
  const bool schema = format.kind == ResponseFormatKind::kJsonSchema;
  if (!schema && format.kind != ResponseFormatKind::kJsonObject) return {};
  std::string text(kJsonInstruction);
  if (schema && !format.schema.empty()) {
    text += " The object must be valid against this JSON schema:\n";
    text += format.schema;
  }
  return text;
}

bool is_allowed(const ToolChoice& choice, const Tool& tool) {
  return choice.kind != ToolChoiceKind::kAllowed ||
         std::find(choice.names.begin(), choice.names.end(), tool.name) != choice.names.end();
}

bool has_function(const Request& request) {
  return std::any_of(request.tools.begin(), request.tools.end(),
                     [](const Tool& tool) { return !tool.builtin; });
}

bool is_instruction(const Message& message) {
  return message.role == Role::kSystem || message.role == Role::kDeveloper;
}

}  // namespace tollgate::dataplane::formats::chat
