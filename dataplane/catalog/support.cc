#include "dataplane/catalog/support.h"

#include <algorithm>
#include <array>

#include "dataplane/catalog/feature.h"

namespace tollgate::dataplane::catalog {
namespace {

constexpr std::array<std::string_view, 1> kInvokeMessagesLosses{
    "anthropic-beta flags that Bedrock does not know are not sent",
};

/// What backends of a schema are spoken to in.
struct SchemaFormats {
  Schema schema;
  /// Of the chat family; the first one is what other dialects are translated into.
  std::array<Format, 3> chat;
};

constexpr std::array kChatFormats{
    SchemaFormats{Schema::kOpenAi,
                  {Format::kOpenAiChat, Format::kOpenAiCompletions, Format::kOpenAiResponses}},
    SchemaFormats{Schema::kOpenAiResponses, {Format::kOpenAiResponses}},
    SchemaFormats{Schema::kAzureOpenAi, {Format::kOpenAiChat, Format::kOpenAiResponses}},
    SchemaFormats{Schema::kAnthropic, {Format::kAnthropicMessages}},
    SchemaFormats{Schema::kAwsAnthropic, {Format::kBedrockInvokeMessages}},
    SchemaFormats{Schema::kGcpAnthropic, {Format::kVertexMessages}},
    SchemaFormats{Schema::kAwsBedrock, {Format::kBedrockConverse}},
    SchemaFormats{Schema::kGcpVertexAi, {Format::kGeminiGenerate}},
};

struct Pair {
  Endpoint endpoint;
  Schema schema;
  SupportKind kind;
  Format backend_format;
};

// The other families: every pair that works.
constexpr std::array kPairs{
    Pair{Endpoint::kEmbeddings, Schema::kOpenAi, SupportKind::kPass, Format::kOpenAiEmbeddings},
    Pair{Endpoint::kEmbeddings, Schema::kAzureOpenAi, SupportKind::kPass,
         Format::kOpenAiEmbeddings},
    // The model's name decides between the formats of a cloud.
    Pair{Endpoint::kEmbeddings, Schema::kAwsBedrock, SupportKind::kTranslate,
         Format::kTitanEmbeddings},
    Pair{Endpoint::kEmbeddings, Schema::kGcpVertexAi, SupportKind::kTranslate,
         Format::kVertexEmbeddings},
    Pair{Endpoint::kCountTokens, Schema::kAnthropic, SupportKind::kPass, Format::kAnthropicCount},
    Pair{Endpoint::kCountTokens, Schema::kAwsAnthropic, SupportKind::kTranslate,
         Format::kBedrockCount},
    Pair{Endpoint::kCountTokens, Schema::kAwsBedrock, SupportKind::kTranslate,
         Format::kBedrockCount},
    Pair{Endpoint::kCountTokens, Schema::kGcpAnthropic, SupportKind::kTranslate,
         Format::kVertexCount},
};

Support chat_support(Format client, Schema schema) {
  for (const SchemaFormats& row : kChatFormats) {
    if (row.schema != schema) continue;
    for (const Format format : row.chat) {
      if (format == client) return {SupportKind::kPass, format, {}, {}};
    }
    const Format hub = row.chat.front();
    if (dialect_of(hub) == client) {
      const bool invoke = hub == Format::kBedrockInvokeMessages;
      return {SupportKind::kTranslate,
              hub,
              {},
              invoke ? std::span<const std::string_view>(kInvokeMessagesLosses)
                     : std::span<const std::string_view>{}};
    }
    if (feature_rows(client).empty() || feature_rows(hub).empty()) break;
    return {SupportKind::kTranslate, hub, {}, {}};
  }
  return {};
}

constexpr std::string_view kLocalDocument =
    "the list of models is answered by the gateway and is never sent to a backend";
constexpr std::string_view kNoSchema = "this build does not speak the backend's schema";
constexpr std::string_view kNoTranslation =
    "this build cannot translate this endpoint to the backend's schema";

}  // namespace

Support supports(Endpoint endpoint, Schema schema) {
  const EndpointInfo& info = endpoint_info(endpoint);
  if (info.family == Family::kChat) {
    const Support found = chat_support(info.format, schema);
    if (found.kind != SupportKind::kUnsupported) return found;
  }
  for (const Pair& pair : kPairs) {
    if (pair.endpoint == endpoint && pair.schema == schema) {
      return {pair.kind, pair.backend_format, {}, {}};
    }
  }
  Support refused;
  if (info.family == Family::kModels) {
    refused.reason = kLocalDocument;
  } else {
    refused.reason = serves_anything(schema) ? kNoTranslation : kNoSchema;
  }
  return refused;
}

bool serves_anything(Schema schema) {
  return std::any_of(kChatFormats.begin(), kChatFormats.end(),
                     [schema](const SchemaFormats& row) { return row.schema == schema; });
}

std::vector<std::string> abilities() {
  std::vector<std::string> names;
  for (const SchemaInfo& info : all_schemas()) {
    if (serves_anything(info.schema)) names.push_back("schema/" + std::string(info.name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view to_string(SupportKind kind) {
  switch (kind) {
    case SupportKind::kPass:
      return "pass";
    case SupportKind::kTranslate:
      return "translate";
    case SupportKind::kUnsupported:
      return "unsupported";
  }
  return "unknown";
}

}  // namespace tollgate::dataplane::catalog
