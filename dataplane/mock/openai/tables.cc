#include "dataplane/mock/openai/tables.h"

#include <array>

namespace tollgate::dataplane::mock::openai {

namespace {

constexpr std::array kImageUrl{
    Field{"url", kString, true},
    Field{"detail", kString},
};
constexpr std::array kInputAudio{
    Field{"data", kString, true},
    Field{"format", kString, true},
};
constexpr std::array kFile{
    Field{"file_data", kString},
    Field{"file_id", kString},
    Field{"filename", kString},
};
constexpr std::array kContentPart{
    Field{"type", kString, true},
    Field{"text", kString},
    Field{"refusal", kString},
    Field{"image_url", kObject, false, kImageUrl},
    Field{"input_audio", kObject, false, kInputAudio},
    Field{"file", kObject, false, kFile},
    // Extensions that compatible servers take.
    Field{"cache_control", kObject},
    Field{"thinking", kString},
    Field{"signature", kString},
    Field{"data", kString},
};
constexpr std::array kFunctionCall{
    Field{"name", kString, true},
    Field{"arguments", kString, true},
};
constexpr std::array kToolCall{
    Field{"id", kString, true},
    Field{"type", kString, true},
    Field{"function", kObject, false, kFunctionCall},
    Field{"custom", kObject},
    Field{"index", kInteger},
    Field{"cache_control", kObject},
};
constexpr std::array kMessage{
    Field{"role", kString, true},
    Field{"content", kString | kArray, false, kContentPart},
    Field{"name", kString},
    Field{"refusal", kString},
    Field{"audio", kObject},
    Field{"annotations", kArray},
    Field{"function_call", kObject},
    Field{"tool_calls", kArray, false, kToolCall},
    Field{"tool_call_id", kString},
    // Extensions that compatible servers take.
    Field{"reasoning_content", kString},
    Field{"thinking_blocks", kArray},
    Field{"cache_control", kObject},
};
constexpr std::array kFunction{
    Field{"name", kString, true},
    Field{"description", kString},
    Field{"parameters", kObject},
    Field{"strict", kBool},
};
constexpr std::array kTool{
    Field{"type", kString, true},
    Field{"function", kObject, false, kFunction},
    Field{"custom", kObject},
    Field{"cache_control", kObject},
};
constexpr std::array kStreamOptions{
    Field{"include_usage", kBool},
    Field{"include_obfuscation", kBool},
};
constexpr std::array kJsonSchema{
    Field{"name", kString, true},
    Field{"description", kString},
    Field{"schema", kObject},
    Field{"strict", kBool},
};
constexpr std::array kResponseFormat{
    Field{"type", kString, true},
    Field{"json_schema", kObject, false, kJsonSchema},
};

constexpr std::array kChat{
    Field{"model", kString, true},
    Field{"messages", kArray, true, kMessage},
    Field{"audio", kObject},
    Field{"frequency_penalty", kNumber},
    Field{"function_call", kString | kObject},
    Field{"functions", kArray},
    Field{"logit_bias", kObject},
    Field{"logprobs", kBool},
    Field{"max_completion_tokens", kInteger},
    Field{"max_tokens", kInteger},
    Field{"metadata", kObject},
    Field{"modalities", kArray},
    Field{"moderation", kObject},
    Field{"n", kInteger},
    Field{"parallel_tool_calls", kBool},
    Field{"prediction", kObject},
    Field{"presence_penalty", kNumber},
    Field{"prompt_cache_key", kString},
    Field{"prompt_cache_options", kObject},
    Field{"prompt_cache_retention", kString},
    Field{"reasoning_effort", kString},
    Field{"response_format", kObject, false, kResponseFormat},
    Field{"safety_identifier", kString},
    Field{"seed", kInteger},
    Field{"service_tier", kString},
    Field{"stop", kString | kArray},
    Field{"store", kBool},
    Field{"stream", kBool},
    Field{"stream_options", kObject, false, kStreamOptions},
    Field{"temperature", kNumber},
    Field{"tool_choice", kString | kObject},
    Field{"tools", kArray, false, kTool},
    Field{"top_logprobs", kInteger},
    Field{"top_p", kNumber},
    Field{"user", kString},
    Field{"verbosity", kString},
    Field{"web_search_options", kObject},
    // Extensions that compatible servers take.
    Field{"thinking", kObject},
    Field{"top_k", kInteger},
    Field{"guided_choice", kArray},
    Field{"guided_regex", kString},
    Field{"guided_json", kObject | kString},
    Field{"chat_template_kwargs", kObject},
};

constexpr std::array kCompletion{
    Field{"model", kString, true},
    Field{"prompt", kString | kArray, true},
    Field{"best_of", kInteger},
    Field{"echo", kBool},
    Field{"frequency_penalty", kNumber},
    Field{"logit_bias", kObject},
    Field{"logprobs", kInteger},
    Field{"max_tokens", kInteger},
    Field{"n", kInteger},
    Field{"presence_penalty", kNumber},
    Field{"seed", kInteger},
    Field{"stop", kString | kArray},
    Field{"stream", kBool},
    Field{"stream_options", kObject, false, kStreamOptions},
    Field{"suffix", kString},
    Field{"temperature", kNumber},
    Field{"top_p", kNumber},
    Field{"user", kString},
};

constexpr std::array kEmbedding{
    Field{"model", kString, true}, Field{"input", kString | kArray, true},
    Field{"dimensions", kInteger}, Field{"encoding_format", kString},
    Field{"user", kString},
};

constexpr std::array kResponsesTool{
    Field{"type", kString, true}, Field{"name", kString}, Field{"description", kString},
    Field{"parameters", kObject}, Field{"strict", kBool}, Field{"defer_loading", kBool},
};
constexpr std::array kReasoning{
    Field{"effort", kString},  Field{"summary", kString}, Field{"generate_summary", kString},
    Field{"context", kString}, Field{"mode", kString},
};
constexpr std::array kTextFormat{
    Field{"type", kString, true}, Field{"name", kString}, Field{"description", kString},
    Field{"schema", kObject},     Field{"strict", kBool},
};
constexpr std::array kText{
    Field{"format", kObject, false, kTextFormat},
    Field{"verbosity", kString},
};
constexpr std::array kResponses{
    Field{"model", kString, true},
    Field{"input", kString | kArray},
    Field{"access_programs", kArray},
    Field{"background", kBool},
    Field{"background_options", kObject},
    Field{"context_management", kArray | kObject},
    Field{"conversation", kString | kObject},
    Field{"image", kObject},
    Field{"include", kArray},
    Field{"instructions", kString},
    Field{"max_output_tokens", kInteger},
    Field{"max_tool_calls", kInteger},
    Field{"metadata", kObject},
    Field{"moderation", kObject},
    Field{"parallel_tool_calls", kBool},
    Field{"previous_response_id", kString},
    Field{"prompt", kObject},
    Field{"prompt_cache_key", kString},
    Field{"prompt_cache_options", kObject},
    Field{"prompt_cache_retention", kString},
    Field{"reasoning", kObject, false, kReasoning},
    Field{"safety_identifier", kString},
    Field{"service_tier", kString},
    Field{"store", kBool},
    Field{"stream", kBool},
    Field{"stream_options", kObject},
    Field{"temperature", kNumber},
    Field{"text", kObject, false, kText},
    Field{"tool_choice", kString | kObject},
    Field{"tools", kArray, false, kResponsesTool},
    Field{"top_logprobs", kInteger},
    Field{"top_p", kNumber},
    Field{"truncation", kString},
    Field{"user", kString},
};

}  // namespace

std::span<const Field> chat_fields() {
  return kChat;
}
std::span<const Field> completion_fields() {
  return kCompletion;
}
std::span<const Field> embedding_fields() {
  return kEmbedding;
}
std::span<const Field> responses_fields() {
  return kResponses;
}

}  // namespace tollgate::dataplane::mock::openai
