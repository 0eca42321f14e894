#include "dataplane/catalog/feature.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "dataplane/catalog/feature_tables.h"

namespace tollgate::dataplane::catalog {
namespace {

constexpr std::array<const FeatureTable*, 6> kTables{
    &kAnthropicFeatures,  &kConverseFeatures,          &kGeminiFeatures,
    &kOpenAiChatFeatures, &kOpenAiCompletionsFeatures, &kOpenAiResponsesFeatures,
};

constexpr std::array<std::string_view, kFeatureCount> kNames{"model",
                                                             "messages",
                                                             "stream",
                                                             "system_prompt",
                                                             "developer_message",
                                                             "participant_name",
                                                             "text",
                                                             "image_base64",
                                                             "image_url",
                                                             "image_detail",
                                                             "document_base64",
                                                             "document_url",
                                                             "document_text",
                                                             "file_reference",
                                                             "media_form",
                                                             "audio_input",
                                                             "video_input",
                                                             "thinking_block",
                                                             "redacted_thinking",
                                                             "refusal",
                                                             "cache_control",
                                                             "citations",
                                                             "tool_result_image",
                                                             "tool_result_error",
                                                             "special_tool_call",
                                                             "function_tool",
                                                             "strict_tool",
                                                             "builtin_tool",
                                                             "tool_choice_auto",
                                                             "tool_choice_none",
                                                             "tool_choice_required",
                                                             "tool_choice_named",
                                                             "allowed_tools",
                                                             "parallel_tool_calls",
                                                             "max_tokens",
                                                             "temperature",
                                                             "top_p",
                                                             "top_k",
                                                             "stop",
                                                             "seed",
                                                             "presence_penalty",
                                                             "frequency_penalty",
                                                             "logit_bias",
                                                             "logprobs",
                                                             "choices",
                                                             "prompt",
                                                             "echo",
                                                             "suffix",
                                                             "best_of",
                                                             "json_object",
                                                             "json_schema",
                                                             "verbosity",
                                                             "output_modalities",
                                                             "prediction",
                                                             "constrained_text",
                                                             "reasoning_effort",
                                                             "thinking_budget",
                                                             "thinking_adaptive",
                                                             "thinking_disabled",
                                                             "reasoning_summary",
                                                             "user",
                                                             "metadata",
                                                             "service_tier",
                                                             "store",
                                                             "stream_usage",
                                                             "stored_state",
                                                             "background",
                                                             "truncation",
                                                             "prompt_cache_key",
                                                             "safety_settings",
                                                             "guardrail",
                                                             "web_search_options",
                                                             "media_resolution",
                                                             "remote_tools",
                                                             "context_management",
                                                             "cached_content",
                                                             "performance",
                                                             "pass_through",
                                                             "unknown"};

const FeatureTable* find_table(Format format) {
  format = dialect_of(format);
  const auto* const found =
      std::find_if(kTables.begin(), kTables.end(),
                   [format](const FeatureTable* table) { return table->format == format; });
  return found == kTables.end() ? nullptr : *found;
}

constexpr FeatureRow kNoFamily{Feature::kUnknown, Treatment::kRefuse, {}};

}  // namespace

std::span<const RequestField> request_fields(Format format) {
  const FeatureTable* table = find_table(format);
  return table == nullptr ? std::span<const RequestField>{} : table->fields;
}

std::span<const FeatureRow> feature_rows(Format format) {
  const FeatureTable* table = find_table(format);
  return table == nullptr ? std::span<const FeatureRow>{} : table->rows;
}

const FeatureRow& feature_row(Format format, Feature feature) {
  const FeatureTable* table = find_table(format);
  return table == nullptr ? kNoFamily : table->rows[static_cast<std::size_t>(feature)];
}

std::vector<std::string> losses(Format client, Format backend) {
  const FeatureTable* from = find_table(client);
  const FeatureTable* to = find_table(backend);
  std::vector<std::string> found;
  if (from == nullptr || to == nullptr || from == to) return found;
  std::bitset<kFeatureCount> seen;
  for (const RequestField& field : from->fields) {
    const auto index = static_cast<std::size_t>(field.feature);
    if (seen[index]) continue;
    seen[index] = true;
    const FeatureRow& row = to->rows[index];
    if (row.treatment != Treatment::kWarn && row.treatment != Treatment::kRefuse) continue;
    std::string text(field.path);
    text += row.treatment == Treatment::kWarn ? " is left out" : " is refused";
    if (!row.note.empty()) {
      text += ": ";
      text += row.note;
    }
    found.push_back(std::move(text));
  }
  return found;
}

std::string_view to_string(Feature feature) {
  return kNames[static_cast<std::size_t>(feature)];
}

std::string_view to_string(Treatment treatment) {
  switch (treatment) {
    case Treatment::kMap:
      return "map";
    case Treatment::kClamp:
      return "clamp";
    case Treatment::kDrop:
      return "drop";
    case Treatment::kWarn:
      return "warn";
    case Treatment::kRefuse:
      return "refuse";
  }
  return "unknown";
}

}  // namespace tollgate::dataplane::catalog
