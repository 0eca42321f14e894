#include "dataplane/formats/usage_fields.h"

#include <array>
#include <cstddef>

namespace tollgate::dataplane::formats {
namespace {

struct Place {
  SkimNode node;
  UsageField field = UsageField::kNothing;
};

using F = UsageField;

// Whole answers and stream chunks of chat, completions and embeddings.
constexpr std::array kOpenAi{
    Place{{0, ""}},
    Place{{0, "usage"}},                                        // 1
    Place{{1, "prompt_tokens"}, F::kInput},                     //
    Place{{1, "completion_tokens"}, F::kOutput},                //
    Place{{1, "total_tokens"}, F::kTotal},                      //
    Place{{1, "prompt_tokens_details"}},                        // 5
    Place{{5, "cached_tokens"}, F::kCacheRead},                 //
    Place{{5, "cache_creation_input_tokens"}, F::kCacheWrite},  //
    Place{{1, "completion_tokens_details"}},                    // 8
    Place{{8, "reasoning_tokens"}, F::kReasoning},              //
    Place{{0, "model"}, F::kModel},                             //
    Place{{0, "choices"}},                                      // 11
    Place{{11, "finish_reason"}, F::kFinishReason},             //
    Place{{11, "text"}, F::kContent},                           //
    Place{{11, "delta"}},                                       // 14
    Place{{14, "content"}, F::kContent},                        //
    Place{{14, "reasoning_content"}, F::kContent},              //
    Place{{14, "reasoning"}, F::kContent},                      //
    Place{{14, "refusal"}, F::kContent},                        //
    Place{{14, "tool_calls"}, F::kContent},                     //
    Place{{14, "function_call"}, F::kContent},                  //
    Place{{0, "error"}, F::kError},                             //
};

// Whole messages, and the events of a stream: message_start has the message below `message`,
// message_delta has `usage` and `delta`.
constexpr std::array kAnthropic{
    Place{{0, ""}},
    Place{{0, "type"}, F::kType},                               //
    Place{{0, "usage"}},                                        // 2
    Place{{2, "input_tokens"}, F::kInput},                      //
    Place{{2, "output_tokens"}, F::kOutput},                    //
    Place{{2, "cache_read_input_tokens"}, F::kCacheRead},       //
    Place{{2, "cache_creation_input_tokens"}, F::kCacheWrite},  //
    Place{{2, "output_tokens_details"}},                        // 7
    Place{{7, "thinking_tokens"}, F::kReasoning},               //
    Place{{0, "model"}, F::kModel},                             //
    Place{{0, "stop_reason"}, F::kFinishReason},                //
    Place{{0, "delta"}},                                        // 11
    Place{{11, "stop_reason"}, F::kFinishReason},               //
    Place{{0, "message"}},                                      // 13
    Place{{13, "model"}, F::kModel},                            //
    Place{{13, "usage"}},                                       // 15
    Place{{15, "input_tokens"}, F::kInput},                     //
    Place{{15, "output_tokens"}, F::kOutput},                   //
    Place{{15, "cache_read_input_tokens"}, F::kCacheRead},      //
    Place{{15, "cache_creation_input_tokens"}, F::kCacheWrite},
    Place{{0, "amazon-bedrock-invocationMetrics"}},      // 20
    Place{{20, "inputTokenCount"}, F::kMetricsInput},    //
    Place{{20, "outputTokenCount"}, F::kMetricsOutput},  //
    Place{{20, "cacheReadInputTokenCount"}, F::kMetricsCacheRead},
    Place{{20, "cacheWriteInputTokenCount"}, F::kMetricsCacheWrite},
    Place{{0, "error"}, F::kError},  // 25
};

// What other formats' answers hold: Responses, Gemini, Converse.
constexpr std::array kOthers{
    Place{{0, ""}},
    Place{{0, "error"}, F::kError},
    Place{{0, "message"}, F::kError},
    Place{{0, "model"}, F::kModel},
    Place{{0, "output"}, F::kContent},
    Place{{0, "candidates"}, F::kContent},
    Place{{0, "usageMetadata"}, F::kContent},
    Place{{0, "usage"}, F::kContent},
};

template <std::size_t N>
constexpr std::array<SkimNode, N> nodes_of(const std::array<Place, N>& places) {
  std::array<SkimNode, N> nodes{};
  for (std::size_t i = 0; i < N; ++i) {
    nodes[i] = places[i].node;
  }
  return nodes;
}

template <std::size_t N>
constexpr std::array<UsageField, N> fields_of(const std::array<Place, N>& places) {
  std::array<UsageField, N> fields{};
  for (std::size_t i = 0; i < N; ++i) {
    fields[i] = places[i].field;
  }
  return fields;
}

constexpr auto kOpenAiNodes = nodes_of(kOpenAi);
constexpr auto kOpenAiFields = fields_of(kOpenAi);
constexpr auto kAnthropicNodes = nodes_of(kAnthropic);
constexpr auto kAnthropicFields = fields_of(kAnthropic);
constexpr auto kOtherNodes = nodes_of(kOthers);
constexpr auto kOtherFields = fields_of(kOthers);

}  // namespace

UsagePlaces usage_places(catalog::Format format) {
  switch (format) {
    case catalog::Format::kOpenAiChat:
    case catalog::Format::kOpenAiCompletions:
    case catalog::Format::kOpenAiEmbeddings:
      return {kOpenAiNodes, kOpenAiFields};
    case catalog::Format::kAnthropicMessages:
    case catalog::Format::kBedrockInvokeMessages:
    case catalog::Format::kVertexMessages:
      return {kAnthropicNodes, kAnthropicFields};
    default:
      break;
  }
  return {};
}

UsagePlaces answer_places(catalog::Format format) {
  const UsagePlaces places = usage_places(format);
  return places.nodes.empty() ? UsagePlaces{kOtherNodes, kOtherFields} : places;
}

}  // namespace tollgate::dataplane::formats
