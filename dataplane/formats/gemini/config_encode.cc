#include <charconv>
#include <cstdint>

#include "dataplane/base/text.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/chat/survey.h"
#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_encode.h"
#include "dataplane/formats/gemini/schema.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using catalog::Feature;
using chat::ResponseFormatKind;
using chat::ThinkingKind;
using chat::write_number;

constexpr std::string_view kPath = "generationConfig.";

/// Google's seeds have 31 bits, OpenAI's 63.
void write_seed(Encoding& encoding) {
  const std::optional<chat::Number>& seed = encoding.request.sampling.seed;
  if (!seed) return;
  std::int64_t value = 0;
  const std::string_view text = seed->raw;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool fits = value >= INT32_MIN && value <= INT32_MAX;
  if (encoding.own || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || fits) {
    encoding.writer.raw_member("seed", seed->raw);
    return;
  }
  encoding.writer.member("seed", static_cast<std::int64_t>(value & INT32_MAX));
}

void write_sampling(Encoding& encoding) {
  const chat::Sampling& sampling = encoding.request.sampling;
  json::Writer& writer = encoding.writer;
  write_number(writer, "temperature", sampling.temperature);
  write_number(writer, "topP", sampling.top_p);
  write_number(writer, "topK", sampling.top_k);
  write_seed(encoding);
  if (encoding.own) {
    write_number(writer, "logprobs", sampling.top_logprobs);
    if (sampling.logprobs) writer.member("responseLogprobs", *sampling.logprobs);
  } else if (chat::asks_logprobs(encoding.request)) {
    // Without a number the chosen tokens come alone.
    const bool others = sampling.top_logprobs && sampling.top_logprobs->value > 0;
    if (others) write_number(writer, "logprobs", sampling.top_logprobs);
    writer.member("responseLogprobs", true);
  }
  write_number(writer, "candidateCount", sampling.choices);
  write_number(writer, "maxOutputTokens", sampling.max_tokens);
  write_number(writer, "presencePenalty", sampling.presence_penalty);
  write_number(writer, "frequencyPenalty", sampling.frequency_penalty);
  chat::write_texts(writer, "stopSequences", sampling.stop);
}

base::Status write_schema(Encoding& encoding, std::string_view schema, std::string_view where) {
  if (encoding.traits.json_schema) {
    encoding.writer.raw_member("responseJsonSchema", schema);
    return {};
  }
  TRY_ASSIGN(const std::string converted, to_openapi(schema, where));
  encoding.writer.raw_member("responseSchema", converted);
  return {};
}

base::Status write_format(Encoding& encoding) {
  const chat::ResponseFormat& format = encoding.request.response_format;
  json::Writer& writer = encoding.writer;
  switch (format.kind) {
    case ResponseFormatKind::kUnset:
      return {};
    case ResponseFormatKind::kText:
      writer.member("responseMimeType", "text/plain");
      return {};
    case ResponseFormatKind::kJsonObject:
      writer.member("responseMimeType", "application/json");
      return {};
    case ResponseFormatKind::kJsonSchema:
      break;
  }
  writer.member("responseMimeType", "application/json");
  if (encoding.own) {
    if (has_extras(format.extras, kPath)) {
      write_extras(writer, format.extras, kPath);
    } else {
      writer.raw_member("responseJsonSchema", format.schema);
    }
    return {};
  }
  if (format.schema.empty()) return {};
  return write_schema(encoding, format.schema, "response_format.json_schema.schema");
}

/// guided_choice, guided_regex and guided_json of OpenAI's dialect as vLLM extends it. Returns
/// whether one was written.
base::Result<bool> write_guided(Encoding& encoding) {
  const chat::Extras& extras = encoding.request.extras;
  const chat::Extra* choice = find_extra(extras, "guided_choice");
  const chat::Extra* regex = find_extra(extras, "guided_regex");
  const chat::Extra* json = find_extra(extras, "guided_json");
  const int forms = (choice != nullptr) + (regex != nullptr) + (json != nullptr) +
                    (encoding.request.response_format.kind != ResponseFormatKind::kUnset);
  if (choice == nullptr && regex == nullptr && json == nullptr) return false;
  if (forms > 1) {
    return cannot_say("response_format",
                      "and guided_choice, guided_regex and guided_json exclude "
                      "one another");
  }
  json::Writer& writer = encoding.writer;
  if (json != nullptr) {
    writer.member("responseMimeType", "application/json");
    if (!json->raw.starts_with('{')) return cannot_say("guided_json", "must be a JSON schema");
    TRY(write_schema(encoding, json->raw, "guided_json"));
    return true;
  }
  writer.member("responseMimeType", choice != nullptr ? "text/x.enum" : "application/json");
  writer.key("responseSchema").begin_object().member("type", "STRING");
  if (choice != nullptr) {
    writer.raw_member("enum", choice->raw);
  } else {
    writer.raw_member("pattern", regex->raw);
  }
  writer.end_object();
  return true;
}

/// Thinking of Gemini 3 has levels, and flash models more of them than the others; low is the least
/// that a model without MINIMAL does.
base::Status write_level(Encoding& encoding, std::string_view effort) {
  const bool flash = encoding.traits.flash;
  std::string_view level = "HIGH";  // high and beyond
  if (effort == "none" && !flash) {
    return cannot_say("reasoning_effort", "none is not possible: the model always thinks");
  }
  if (effort == "none" || effort == "minimal") level = flash ? "MINIMAL" : "LOW";
  if (effort == "low") level = "LOW";
  if (effort == "medium") level = flash ? "MEDIUM" : "HIGH";
  encoding.writer.member("thinkingLevel", level);
  return {};
}

/// What Google's own OpenAI endpoint makes of efforts for models with budgets.
std::int64_t budget_of(std::string_view effort) {
  if (effort == "none") return 0;
  if (effort == "minimal" || effort == "low") return 1024;
  return effort == "medium" ? 8192 : 24576;
}

bool is_effort(std::string_view effort) {
  for (const std::string_view known :
       {"none", "minimal", "low", "medium", "high", "xhigh", "max"}) {
    if (effort == known) return true;
  }
  return false;
}

base::Status write_amount(Encoding& encoding) {
  const chat::Reasoning& reasoning = encoding.request.reasoning;
  const ModelTraits& traits = encoding.traits;
  json::Writer& writer = encoding.writer;
  switch (reasoning.thinking) {
    case ThinkingKind::kEnabled:
      write_number(writer, "thinkingBudget", reasoning.budget_tokens);
      return {};
    case ThinkingKind::kAdaptive:
      if (traits.json_schema && !traits.gemini3) writer.member("thinkingBudget", -1);
      return {};
    case ThinkingKind::kDisabled:
      if (traits.gemini3) {
        writer.member("thinkingLevel", traits.flash ? "MINIMAL" : "LOW");
      } else if (traits.flash) {
        writer.member("thinkingBudget", 0);
      }
      return {};
    case ThinkingKind::kUnset:
      break;
  }
  if (reasoning.effort.empty()) return {};
  if (!is_effort(reasoning.effort)) {
    return cannot_say("reasoning_effort", "must be none, minimal, low, medium, high, xhigh or max");
  }
  if (traits.gemini3) return write_level(encoding, reasoning.effort);
  // Gemini 2.5; pro models think at least a little.
  constexpr std::int64_t kLeast = 128;
  const std::int64_t budget = budget_of(reasoning.effort);
  writer.member("thinkingBudget", budget == 0 && !traits.flash ? kLeast : budget);
  return {};
}

base::Status write_other_thinking(Encoding& encoding) {
  const chat::Reasoning& reasoning = encoding.request.reasoning;
  const bool thinks =
      reasoning.thinking == ThinkingKind::kEnabled || reasoning.thinking == ThinkingKind::kAdaptive;
  const bool summary = !reasoning.summary.empty() && reasoning.summary != "none";
  const bool effort =
      !reasoning.effort.empty() && (encoding.traits.gemini3 || encoding.traits.json_schema);
  const bool shown =
      reasoning.include.value_or(summary || (thinks && reasoning.display != "omitted"));
  if (reasoning.thinking == ThinkingKind::kUnset && !effort && !shown && !reasoning.include) {
    return {};
  }
  encoding.writer.key("thinkingConfig").begin_object();
  if (shown || reasoning.include) encoding.writer.member("includeThoughts", shown);
  if (effort || reasoning.thinking != ThinkingKind::kUnset) TRY(write_amount(encoding));
  encoding.writer.end_object();
  return {};
}

void write_own_thinking(Encoding& encoding) {
  constexpr std::string_view kThinking = "generationConfig.thinkingConfig.";
  const chat::Reasoning& reasoning = encoding.request.reasoning;
  const bool none = reasoning.thinking == ThinkingKind::kUnset && reasoning.effort.empty() &&
                    !reasoning.include && !has_extras(encoding.request.extras, kThinking);
  if (none) return;
  json::Writer& writer = encoding.writer;
  writer.key("thinkingConfig").begin_object();
  if (reasoning.include) writer.member("includeThoughts", *reasoning.include);
  if (reasoning.thinking == ThinkingKind::kDisabled) writer.member("thinkingBudget", 0);
  if (reasoning.thinking == ThinkingKind::kAdaptive) writer.member("thinkingBudget", -1);
  write_number(writer, "thinkingBudget", reasoning.budget_tokens);
  if (!reasoning.effort.empty()) {
    std::string level(reasoning.effort);
    for (char& c : level) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    writer.member("thinkingLevel", level);
  }
  write_extras(writer, encoding.request.extras, kThinking);
  writer.end_object();
}

/// `generationConfig.media_resolution` of OpenAI's dialect, as gateways extend it.
void write_resolution(Encoding& encoding) {
  const chat::Extra* config = find_extra(encoding.request.extras, "generationConfig");
  if (config == nullptr || !encoding.traits.gemini3) return;
  const json::PaddedText padded(config->raw);
  json::Reader reader;
  const auto value = reader.open(padded.view());
  if (!value) return;
  if (const auto resolution = find(*value, "mediaResolution")) {
    encoding.writer.raw_member("mediaResolution", chat::Keeper::raw(*resolution));
  }
}

}  // namespace

base::Status encode_generation_config(Encoding& encoding) {
  json::Writer& writer = encoding.writer;
  const std::size_t before = encoding.writer.out().size();
  writer.key("generationConfig").begin_object();
  const std::size_t empty = writer.out().size();
  write_sampling(encoding);
  if (encoding.own) {
    TRY(write_format(encoding));
    write_own_thinking(encoding);
    write_extras(writer, encoding.request.extras, kPath, {"thinkingConfig."});
    const bool nothing = writer.out().size() == empty;
    writer.end_object();
    // An object without members is as good as none.
    if (nothing) writer.out().resize(before);
    return {};
  }
  TRY_ASSIGN(const bool guided, write_guided(encoding));
  if (!guided) TRY(write_format(encoding));
  TRY(write_other_thinking(encoding));
  write_resolution(encoding);
  writer.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
