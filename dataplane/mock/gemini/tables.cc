#include "dataplane/mock/gemini/tables.h"

#include <array>

namespace tollgate::dataplane::mock::gemini {

namespace {

constexpr std::array kBlob{
    Field{"mimeType", kString, true},
    Field{"data", kString, true},
    Field{"displayName", kString},
};
constexpr std::array kFileData{
    Field{"fileUri", kString, true},
    Field{"mimeType", kString},
    Field{"displayName", kString},
};
constexpr std::array kFunctionCall{
    Field{"name", kString, true}, Field{"id", kString},         Field{"args", kObject},
    Field{"partialArgs", kArray}, Field{"willContinue", kBool},
};
constexpr std::array kFunctionResponse{
    Field{"name", kString, true}, Field{"response", kObject, true}, Field{"id", kString},
    Field{"parts", kArray},       Field{"scheduling", kString},     Field{"willContinue", kBool},
};
constexpr std::array kPart{
    Field{"text", kString},
    Field{"thought", kBool},
    Field{"thoughtSignature", kString},
    Field{"inlineData", kObject, false, kBlob},
    Field{"fileData", kObject, false, kFileData},
    Field{"functionCall", kObject, false, kFunctionCall},
    Field{"functionResponse", kObject, false, kFunctionResponse},
    Field{"executableCode", kObject},
    Field{"codeExecutionResult", kObject},
    Field{"videoMetadata", kObject},
    Field{"mediaResolution", kObject},
    Field{"mediaProcessing", kString | kObject},
    Field{"audioMetadata", kObject},
    Field{"audioTranscription", kObject},
    Field{"documentMetadata", kObject},
    Field{"speechMetadata", kObject},
    Field{"spreadsheetMetadata", kObject},
    Field{"partMetadata", kObject},
    Field{"toolCall", kObject},
    Field{"toolResponse", kObject},
};
constexpr std::array kContent{
    Field{"role", kString},
    Field{"parts", kArray, true, kPart},
};
constexpr std::array kDeclaration{
    Field{"name", kString, true}, Field{"description", kString},
    Field{"parameters", kObject}, Field{"parametersJsonSchema", kObject},
    Field{"response", kObject},   Field{"responseJsonSchema", kObject},
    Field{"behavior", kString},
};
constexpr std::array kTool{
    Field{"functionDeclarations", kArray, false, kDeclaration},
    Field{"googleSearch", kObject},
    Field{"googleSearchRetrieval", kObject},
    Field{"enterpriseWebSearch", kObject},
    Field{"codeExecution", kObject},
    Field{"urlContext", kObject},
    Field{"computerUse", kObject},
    Field{"googleMaps", kObject},
    Field{"retrieval", kObject},
    Field{"fileSearch", kObject},
    Field{"exaAiSearch", kObject},
    Field{"parallelAiSearch", kObject},
    Field{"mcpServers", kArray},
};
constexpr std::array kCallingConfig{
    Field{"mode", kString},
    Field{"allowedFunctionNames", kArray},
    Field{"streamFunctionCallArguments", kBool},
};
constexpr std::array kToolConfig{
    Field{"functionCallingConfig", kObject, false, kCallingConfig},
    Field{"retrievalConfig", kObject},
    Field{"includeServerSideToolInvocations", kBool},
};
constexpr std::array kThinking{
    Field{"includeThoughts", kBool},
    Field{"thinkingBudget", kInteger},
    Field{"thinkingLevel", kString},
};
constexpr std::array kGeneration{
    Field{"temperature", kNumber},
    Field{"topP", kNumber},
    Field{"topK", kNumber},
    Field{"candidateCount", kInteger},
    Field{"maxOutputTokens", kInteger},
    Field{"stopSequences", kArray},
    Field{"presencePenalty", kNumber},
    Field{"frequencyPenalty", kNumber},
    Field{"seed", kInteger},
    Field{"responseMimeType", kString},
    Field{"responseSchema", kObject},
    Field{"responseJsonSchema", kObject},
    Field{"responseModalities", kArray},
    Field{"responseLogprobs", kBool},
    Field{"logprobs", kInteger},
    Field{"mediaResolution", kString},
    Field{"speechConfig", kObject},
    Field{"imageConfig", kObject},
    Field{"audioTimestamp", kBool},
    Field{"audioTranscriptionConfig", kObject},
    Field{"enableAffectiveDialog", kBool},
    Field{"modelSelectionConfig", kObject},
    Field{"responseFormat", kObject},
    Field{"translationConfig", kObject},
    Field{"routingConfig", kObject},
    Field{"enableEnhancedCivicAnswers", kBool},
    Field{"thinkingConfig", kObject, false, kThinking},
};
constexpr std::array kSafety{
    Field{"category", kString, true},
    Field{"threshold", kString, true},
    Field{"method", kString},
};

constexpr std::array kGenerate{
    Field{"contents", kArray, true, kContent},
    Field{"systemInstruction", kObject, false, kContent},
    Field{"tools", kArray, false, kTool},
    Field{"toolConfig", kObject, false, kToolConfig},
    Field{"safetySettings", kArray, false, kSafety},
    Field{"generationConfig", kObject, false, kGeneration},
    Field{"cachedContent", kString},
    Field{"serviceTier", kString},
    Field{"store", kBool},
    Field{"model", kString},
    // Vertex AI only: the last two.
    Field{"labels", kObject},
    Field{"modelArmorConfig", kObject},
};
constexpr std::size_t kVertexOnly = 2;

}  // namespace

std::span<const Field> generate_fields(bool vertex) {
  const std::span<const Field> all = kGenerate;
  return vertex ? all : all.first(all.size() - kVertexOnly);
}

std::span<const Field> content_fields() {
  return kContent;
}

}  // namespace tollgate::dataplane::mock::gemini
