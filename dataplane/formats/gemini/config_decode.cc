#include <string>

#include "dataplane/base/text.h"
#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_decode.h"
#include "dataplane/formats/gemini/schema.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::ResponseFormatKind;

constexpr std::string_view kPrefix = "generationConfig.";

struct NumberField {
  std::string_view name;
  std::optional<chat::Number> chat::Sampling::* member;
};
constexpr NumberField kNumbers[] = {
    {"temperature", &chat::Sampling::temperature},
    {"topP", &chat::Sampling::top_p},
    {"topK", &chat::Sampling::top_k},
    {"candidateCount", &chat::Sampling::choices},
    {"maxOutputTokens", &chat::Sampling::max_tokens},
    {"presencePenalty", &chat::Sampling::presence_penalty},
    {"frequencyPenalty", &chat::Sampling::frequency_penalty},
    {"seed", &chat::Sampling::seed},
    {"logprobs", &chat::Sampling::top_logprobs},
};

/// The answer's form is said by three members in any order.
struct Form {
  std::optional<json::Value> mime;
  std::optional<json::Value> schema;
  std::optional<json::Value> json_schema;
};

base::Status decode_thinking(Decoding& decoding, const json::Value& config) {
  constexpr std::string_view kWhere = "generationConfig.thinkingConfig";
  chat::Reasoning& reasoning = decoding.request.reasoning;
  TRY_ASSIGN(Fields fields, Fields::of(config, kWhere));
  while (fields.next()) {
    const json::Value& value = fields.value();
    if (fields.name() == "includeThoughts") {
      TRY_ASSIGN(reasoning.include, decoding.keep.boolean(value, kWhere));
    } else if (fields.name() == "thinkingBudget") {
      TRY_ASSIGN(const chat::Number budget, decoding.keep.number(value, kWhere));
      // 0 turns thinking off; a negative budget leaves it to the model.
      reasoning.thinking = budget.value < 0    ? chat::ThinkingKind::kAdaptive
                           : budget.value == 0 ? chat::ThinkingKind::kDisabled
                                               : chat::ThinkingKind::kEnabled;
      reasoning.budget_tokens = budget.value > 0 ? std::optional(budget) : std::nullopt;
    } else if (fields.name() == "thinkingLevel") {
      TRY_ASSIGN(const std::string_view level, decoding.keep.text(value, kWhere));
      if (level != "THINKING_LEVEL_UNSPECIFIED") {
        reasoning.effort = decoding.arena.copy(base::to_lower(level));
      }
    } else {
      decoding.request.extras.push_back(
          extra_below("generationConfig.thinkingConfig.", fields.name(), value, decoding.arena));
    }
  }
  return {};
}

void keep_as_is(Decoding& decoding, std::string_view name,
                const std::optional<json::Value>& value) {
  if (!value) return;
  decoding.request.extras.push_back(extra_below(kPrefix, name, *value, decoding.arena));
}

/// Forms that the canonical request cannot say (a word of an enumeration, a schema without JSON)
/// are kept for Google's own models.
base::Status decode_form(Decoding& decoding, const Form& form) {
  chat::ResponseFormat& format = decoding.request.response_format;
  std::string_view mime;
  if (form.mime) {
    TRY_ASSIGN(mime, decoding.keep.text(*form.mime, "generationConfig.responseMimeType"));
  }
  const bool schemas = form.schema || form.json_schema;
  const bool both = form.schema && form.json_schema;
  if (mime == "text/plain" && !schemas) {
    format.kind = ResponseFormatKind::kText;
  } else if (mime == "application/json" && !schemas) {
    format.kind = ResponseFormatKind::kJsonObject;
  } else if (mime == "application/json" && form.json_schema && !both &&
             form.json_schema->type() == json::Type::kObject) {
    format.kind = ResponseFormatKind::kJsonSchema;
    format.schema = chat::Keeper::raw(*form.json_schema);
  } else if (mime == "application/json" && form.schema && !both) {
    format.kind = ResponseFormatKind::kJsonSchema;
    TRY_ASSIGN(const std::string schema,
               to_json_schema(*form.schema, "generationConfig.responseSchema"));
    format.schema = decoding.arena.copy(schema);
    format.extras.push_back({"generationConfig.responseSchema", chat::Keeper::raw(*form.schema)});
  } else {
    keep_as_is(decoding, "responseMimeType", form.mime);
    keep_as_is(decoding, "responseSchema", form.schema);
    keep_as_is(decoding, "responseJsonSchema", form.json_schema);
  }
  return {};
}

base::Status decode_member(Decoding& decoding, std::string_view name, const json::Value& value,
                           Form& form) {
  chat::Sampling& sampling = decoding.request.sampling;
  for (const NumberField& field : kNumbers) {
    if (field.name != name) continue;
    TRY_ASSIGN(sampling.*field.member,
               decoding.keep.number(value, decoding.arena.concat({kPrefix, name})));
    return {};
  }
  if (name == "stopSequences") {
    return for_each(value, [&](const json::Value& stop) -> base::Status {
      TRY_ASSIGN(sampling.stop.emplace_back(),
                 decoding.keep.text(stop, "generationConfig.stopSequences"));
      return {};
    });
  }
  if (name == "responseLogprobs") {
    TRY_ASSIGN(sampling.logprobs,
               decoding.keep.boolean(value, "generationConfig.responseLogprobs"));
    return {};
  }
  if (name == "thinkingConfig") return decode_thinking(decoding, value);
  if (name == "responseMimeType") {
    form.mime = value;
  } else if (name == "responseSchema") {
    form.schema = value;
  } else if (name == "responseJsonSchema") {
    form.json_schema = value;
  } else {
    decoding.request.extras.push_back(extra_below(kPrefix, name, value, decoding.arena));
  }
  return {};
}

}  // namespace

base::Status decode_generation_config(Decoding& decoding, const json::Value& config) {
  TRY_ASSIGN(Fields fields, Fields::of(config, "generationConfig"));
  Form form;
  while (fields.next()) TRY(decode_member(decoding, fields.name(), fields.value(), form));
  return decode_form(decoding, form);
}

}  // namespace tollgate::dataplane::formats::gemini
