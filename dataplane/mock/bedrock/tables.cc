#include "dataplane/mock/bedrock/tables.h"

#include <array>

namespace tollgate::dataplane::mock::bedrock {

namespace {

constexpr std::array kCachePoint{
    Field{"type", kString, true},
    Field{"ttl", kString},
};
constexpr std::array kS3{
    Field{"uri", kString, true},
    Field{"bucketOwner", kString},
};
constexpr std::array kSource{
    Field{"bytes", kString},
    Field{"s3Location", kObject, false, kS3},
    Field{"text", kString},
    Field{"content", kArray},
};
constexpr std::array kMedia{
    Field{"format", kString, true},
    Field{"source", kObject, true, kSource},
};
constexpr std::array kCitations{
    Field{"enabled", kBool, true},
};
constexpr std::array kDocument{
    Field{"format", kString},
    Field{"name", kString, true},
    Field{"source", kObject, true, kSource},
    Field{"context", kString},
    Field{"citations", kObject, false, kCitations},
};
constexpr std::array kSearchResult{
    Field{"source", kString, true},
    Field{"title", kString, true},
    Field{"content", kArray, true},
    Field{"citations", kObject, false, kCitations},
};
constexpr std::array kToolUse{
    Field{"toolUseId", kString, true},
    Field{"name", kString, true},
    Field{"input", kObject, true},
    Field{"type", kString},
};
constexpr std::array kResultContent{
    Field{"json", kObject | kArray | kString | kNumber | kBool},
    Field{"text", kString},
    Field{"image", kObject, false, kMedia},
    Field{"document", kObject, false, kDocument},
    Field{"video", kObject, false, kMedia},
    Field{"searchResult", kObject, false, kSearchResult},
};
constexpr std::array kToolResult{
    Field{"toolUseId", kString, true},
    Field{"content", kArray, true, kResultContent},
    Field{"status", kString},
    Field{"type", kString},
};
constexpr std::array kReasoningText{
    Field{"text", kString, true},
    Field{"signature", kString},
};
constexpr std::array kReasoning{
    Field{"reasoningText", kObject, false, kReasoningText},
    Field{"redactedContent", kString},
};
constexpr std::array kContent{
    Field{"text", kString},
    Field{"image", kObject, false, kMedia},
    Field{"document", kObject, false, kDocument},
    Field{"video", kObject, false, kMedia},
    Field{"audio", kObject, false, kMedia},
    Field{"toolUse", kObject, false, kToolUse},
    Field{"toolResult", kObject, false, kToolResult},
    Field{"guardContent", kObject},
    Field{"cachePoint", kObject, false, kCachePoint},
    Field{"reasoningContent", kObject, false, kReasoning},
    Field{"citationsContent", kObject},
    Field{"searchResult", kObject, false, kSearchResult},
};
constexpr std::array kMessage{
    Field{"role", kString, true},
    Field{"content", kArray, true, kContent},
};
constexpr std::array kSystem{
    Field{"text", kString},
    Field{"guardContent", kObject},
    Field{"cachePoint", kObject, false, kCachePoint},
};
constexpr std::array kInference{
    Field{"maxTokens", kInteger},
    Field{"temperature", kNumber},
    Field{"topP", kNumber},
    Field{"stopSequences", kArray},
};
constexpr std::array kSchema{
    Field{"json", kObject, true},
};
constexpr std::array kToolSpec{
    Field{"name", kString, true},
    Field{"description", kString},
    Field{"inputSchema", kObject, true, kSchema},
    Field{"strict", kBool},
};
constexpr std::array kTool{
    Field{"toolSpec", kObject, false, kToolSpec},
    Field{"systemTool", kObject},
    Field{"cachePoint", kObject, false, kCachePoint},
};
constexpr std::array kNamed{
    Field{"name", kString, true},
};
constexpr std::array kToolChoice{
    Field{"auto", kObject},
    Field{"any", kObject},
    Field{"tool", kObject, false, kNamed},
};
constexpr std::array kToolConfig{
    Field{"tools", kArray, true, kTool},
    Field{"toolChoice", kObject, false, kToolChoice},
};
constexpr std::array kGuardrail{
    Field{"guardrailIdentifier", kString},
    Field{"guardrailVersion", kString},
    Field{"trace", kString},
    Field{"streamProcessingMode", kString},
};
constexpr std::array kPerformance{
    Field{"latency", kString},
};
constexpr std::array kServiceTier{
    Field{"type", kString, true},
};
constexpr std::array kJsonSchema{
    Field{"schema", kString, true},
    Field{"name", kString},
    Field{"description", kString},
};
constexpr std::array kStructure{
    Field{"jsonSchema", kObject, false, kJsonSchema},
};
constexpr std::array kTextFormat{
    Field{"type", kString, true},
    Field{"structure", kObject, true, kStructure},
};
constexpr std::array kOutputConfig{
    Field{"textFormat", kObject, false, kTextFormat},
    Field{"effort", kString},
};

constexpr std::array kConverse{
    Field{"messages", kArray, true, kMessage},
    Field{"system", kArray, false, kSystem},
    Field{"inferenceConfig", kObject, false, kInference},
    Field{"toolConfig", kObject, false, kToolConfig},
    Field{"guardrailConfig", kObject, false, kGuardrail},
    Field{"additionalModelRequestFields", kObject},
    Field{"additionalModelResponseFieldPaths", kArray},
    Field{"promptVariables", kObject},
    Field{"requestMetadata", kObject},
    Field{"performanceConfig", kObject, false, kPerformance},
    Field{"serviceTier", kObject, false, kServiceTier},
    Field{"outputConfig", kObject, false, kOutputConfig},
};
constexpr std::array kCount{
    Field{"messages", kArray, true, kMessage},
    Field{"system", kArray, false, kSystem},
    Field{"toolConfig", kObject, false, kToolConfig},
    Field{"additionalModelRequestFields", kObject},
};

}  // namespace

std::span<const Field> converse_fields() {
  return kConverse;
}
std::span<const Field> count_fields() {
  return kCount;
}

}  // namespace tollgate::dataplane::mock::bedrock
