#include "dataplane/catalog/support.h"

#include <algorithm>
#include <array>

namespace tollgate::dataplane::catalog {
namespace {

constexpr std::array<std::string_view, 1> kInvokeMessagesLosses{
    "anthropic-beta flags that Bedrock does not know are not sent",
};

struct Pair {
  Endpoint endpoint;
  Schema schema;
  SupportKind kind;
  Format backend_format;
  std::span<const std::string_view> losses;
};

// Every pair that works. A pair that is missing here is refused at reconcile time.
constexpr std::array kPairs{
    Pair{Endpoint::kChatCompletions, Schema::kOpenAi, SupportKind::kPass, Format::kOpenAiChat, {}},
    Pair{Endpoint::kCompletions,
         Schema::kOpenAi,
         SupportKind::kPass,
         Format::kOpenAiCompletions,
         {}},
    Pair{Endpoint::kEmbeddings, Schema::kOpenAi, SupportKind::kPass, Format::kOpenAiEmbeddings, {}},
    Pair{Endpoint::kMessages,
         Schema::kAnthropic,
         SupportKind::kPass,
         Format::kAnthropicMessages,
         {}},
    Pair{Endpoint::kMessages, Schema::kAwsAnthropic, SupportKind::kTranslate,
         Format::kBedrockInvokeMessages, kInvokeMessagesLosses},
};

constexpr std::string_view kLocalDocument =
    "the list of models is answered by the gateway and is never sent to a backend";
constexpr std::string_view kNoSchema = "this build does not speak the backend's schema";
constexpr std::string_view kNoTranslation =
    "this build cannot translate this endpoint to the backend's schema";

}  // namespace

Support supports(Endpoint endpoint, Schema schema) {
  for (const Pair& pair : kPairs) {
    if (pair.endpoint == endpoint && pair.schema == schema) {
      return {pair.kind, pair.backend_format, {}, pair.losses};
    }
  }
  Support refused;
  if (endpoint_info(endpoint).family == Family::kModels) {
    refused.reason = kLocalDocument;
  } else {
    refused.reason = serves_anything(schema) ? kNoTranslation : kNoSchema;
  }
  return refused;
}

bool serves_anything(Schema schema) {
  return std::any_of(kPairs.begin(), kPairs.end(),
                     [schema](const Pair& pair) { return pair.schema == schema; });
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
