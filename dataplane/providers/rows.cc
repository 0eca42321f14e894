#include <array>

#include "dataplane/providers/registry.h"
#include "dataplane/providers/same_dialect.h"

// Providers that are spoken to in the format's own words: rows of data.

namespace tollgate::dataplane::providers {
namespace {

using catalog::Format;

constexpr std::array kOpenAiPaths{
    FormatPath{Format::kOpenAiChat, "{prefix}/chat/completions", {}},
    FormatPath{Format::kOpenAiCompletions, "{prefix}/completions", {}},
    FormatPath{Format::kOpenAiResponses, "{prefix}/responses", {}},
    FormatPath{Format::kOpenAiEmbeddings, "{prefix}/embeddings", {}},
};

// The deployment is the model, so that the body's `model` does not matter.
constexpr std::array kAzurePaths{
    FormatPath{Format::kOpenAiChat,
               "{prefix}/deployments/{model}/chat/completions?api-version={version}",
               {},
               false},
    FormatPath{Format::kOpenAiEmbeddings,
               "{prefix}/deployments/{model}/embeddings?api-version={version}",
               {},
               false},
    FormatPath{Format::kOpenAiResponses, "{prefix}/responses?api-version={version}", {}},
};

constexpr std::array kAnthropicPaths{
    FormatPath{Format::kAnthropicMessages, "{prefix}/messages", {}},
    FormatPath{Format::kAnthropicCount, "{prefix}/messages/count_tokens", {}},
};

constexpr std::array kBedrockPaths{
    FormatPath{Format::kBedrockConverse, "/model/{model}/converse",
               "/model/{model}/converse-stream", false},
    FormatPath{Format::kTitanEmbeddings, "/model/{model}/invoke", {}, false},
    FormatPath{Format::kCohereEmbeddings, "/model/{model}/invoke", {}, false},
    FormatPath{Format::kBedrockCount, "/model/{model}/count-tokens", {}, false},
};

// The credential knows project and location, and writes them in front.
constexpr std::array kVertexPaths{
    FormatPath{Format::kGeminiGenerate, "/publishers/google/models/{model}:generateContent",
               "/publishers/google/models/{model}:streamGenerateContent?alt=sse", false},
    FormatPath{
        Format::kGeminiEmbeddings, "/publishers/google/models/{model}:embedContent", {}, false},
    FormatPath{Format::kVertexEmbeddings, "/publishers/google/models/{model}:predict", {}, false},
    FormatPath{
        Format::kVertexCount, "/publishers/anthropic/models/count-tokens:rawPredict", {}, false},
};

}  // namespace

const ProviderSpec kOpenAi{
    .schema = catalog::Schema::kOpenAi,
    .default_prefix = "v1",
    .default_version = {},
    .paths = kOpenAiPaths,
    .prepare = prepare_same_dialect,
};

const ProviderSpec kOpenAiResponses{
    .schema = catalog::Schema::kOpenAiResponses,
    .default_prefix = "v1",
    .default_version = {},
    .paths = kOpenAiPaths,
    .prepare = prepare_same_dialect,
};

const ProviderSpec kAzureOpenAi{
    .schema = catalog::Schema::kAzureOpenAi,
    .default_prefix = "openai",
    .default_version = "2024-10-21",
    .paths = kAzurePaths,
    .prepare = prepare_same_dialect,
};

const ProviderSpec kAnthropic{
    .schema = catalog::Schema::kAnthropic,
    .default_prefix = "v1",
    .default_version = {},
    .paths = kAnthropicPaths,
    .prepare = prepare_same_dialect,
};

const ProviderSpec kAwsBedrock{
    .schema = catalog::Schema::kAwsBedrock,
    .default_prefix = {},
    .default_version = {},
    .paths = kBedrockPaths,
    .prepare = prepare_same_dialect,
};

const ProviderSpec kGcpVertexAi{
    .schema = catalog::Schema::kGcpVertexAi,
    .default_prefix = {},
    .default_version = {},
    .paths = kVertexPaths,
    .prepare = prepare_same_dialect,
};

}  // namespace tollgate::dataplane::providers
