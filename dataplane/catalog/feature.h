#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/catalog/endpoint.h"

namespace tollgate::dataplane::catalog {

/// Something that a chat request can ask for, whatever its dialect. What a field of a dialect means
/// is one of these; what a dialect can express of each is a table. Both together say what a
/// translation keeps and loses.
enum class Feature : std::uint8_t {
  // Structure that every dialect has.
  kModel,
  kMessages,
  kStream,
  kSystemPrompt,
  kDeveloperMessage,  // an instruction among the messages, with its own role
  kParticipantName,   // who of several says a message
  // Content.
  kText,
  kImageBase64,
  kImageUrl,
  kImageDetail,
  kDocumentBase64,
  kDocumentUrl,
  kDocumentText,
  kFileReference,  // a file that was uploaded to a provider before
  kMediaForm,      // a data: URI that is not base64 or does not name its type
  kAudioInput,
  kVideoInput,
  kThinkingBlock,  // thinking of an earlier turn, with its signature
  kRedactedThinking,
  kRefusalPart,
  kCacheControl,
  kCitations,  // ask for citations of documents
  kToolResultImage,
  kToolResultError,
  kSpecialToolCall,  // calls and results in forms that only the client's API has
  // Tools.
  kFunctionTool,
  kStrictTool,
  kBuiltinTool,  // run by the provider: web search, code, computer use
  kToolChoiceAuto,
  kToolChoiceNone,
  kToolChoiceRequired,
  kToolChoiceNamed,
  kAllowedTools,
  kParallelToolCalls,
  // Sampling.
  kMaxTokens,
  kTemperature,
  kTopP,
  kTopK,
  kStop,
  kSeed,
  kPresencePenalty,
  kFrequencyPenalty,
  kLogitBias,
  kLogprobs,
  kChoices,  // more than one answer
  kPrompt,   // legacy completions: text to go on with
  kEcho,     // legacy completions: the answer begins with the prompt
  kSuffix,   // legacy completions: what stands behind the text that is wanted
  kBestOf,   // legacy completions: the likeliest of several
  // Output.
  kJsonObject,
  kJsonSchema,
  kVerbosity,
  kOutputModalities,  // audio, images
  kPrediction,
  kConstrainedText,  // choice, regular expression or grammar
  // Reasoning.
  kReasoningEffort,
  kThinkingBudget,
  kThinkingAdaptive,
  kThinkingDisabled,
  kReasoningSummary,
  // About the request.
  kUser,
  kMetadata,
  kServiceTier,
  kStore,
  kStreamUsage,
  kStoredState,  // an earlier answer, a conversation, a stored prompt
  kBackground,
  kTruncation,
  kPromptCacheKey,
  kSafetySettings,
  kGuardrail,
  kWebSearchOptions,
  kMediaResolution,
  kRemoteTools,  // MCP servers, containers that the provider reaches
  kContextManagement,
  kCachedContent,
  kPerformance,  // latency modes
  kPassThrough,  // members that a dialect hands to the model unread
  kUnknown,      // a member that is not in the dialect's table
};
inline constexpr std::size_t kFeatureCount = static_cast<std::size_t>(Feature::kUnknown) + 1;

/// What a dialect does with a feature that a client of another one asked for.
enum class Treatment : std::uint8_t {
  kMap,     // it is said, perhaps in other words; the note says which
  kClamp,   // it is said as far as the dialect's range reaches
  kDrop,    // it is left out without a word: it changes nothing that the client could notice
  kWarn,    // it is left out, and the answer's `x-tollgate-dropped` names it
  kRefuse,  // 422: leaving it out would change what the client gets
};

/// A member of a dialect's request, as a path: `messages[].content[].image_url.detail`. Members
/// below an opaque one (a JSON schema) have no rows.
struct RequestField {
  std::string_view path;
  Feature feature;
};

/// One feature in one dialect.
struct FeatureRow {
  Feature feature;
  Treatment treatment;
  std::string_view note;  // one sentence for documentation, explain and status; may be empty
};

/// Every member of the request schema of a chat format; empty for formats of other families.
std::span<const RequestField> request_fields(Format format);
/// One row per feature, in the order of the enumerators; empty for formats of other families.
std::span<const FeatureRow> feature_rows(Format format);
/// What `format` does with a feature; kRefuse for formats of other families.
const FeatureRow& feature_row(Format format, Feature feature);

/// One sentence per thing that requests written in `client` can ask for and a backend that is
/// spoken to in `backend` never gets: dropped with a warning, or refused. Empty for the same
/// format.
std::vector<std::string> losses(Format client, Format backend);

/// The name of a feature in `x-tollgate-dropped`, metrics and documents: "logit_bias".
std::string_view to_string(Feature feature);
std::string_view to_string(Treatment treatment);

}  // namespace tollgate::dataplane::catalog
