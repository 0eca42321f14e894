#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tollgate::dataplane::catalog {

/// AIServiceBackend.spec.schema.name: the API that a backend speaks.
enum class Schema : std::uint8_t {
  kOpenAi,
  kCohere,
  kAwsBedrock,
  kAzureOpenAi,
  kGcpVertexAi,
  kGcpAnthropic,
  kAnthropic,
  kAwsAnthropic,
  /// OpenAI-compatible, but other dialects are translated into Responses instead of chat
  /// completions: schema OpenAI with the annotation kApiAnnotation. Not a name of manifests.
  kOpenAiResponses,
};

/// Annotation of an AIServiceBackend of schema OpenAI: "responses" or "chat" (the default).
inline constexpr std::string_view kApiAnnotation = "tollgate.dev/api";

/// One row of the table of schemas.
struct SchemaInfo {
  Schema schema;
  std::string_view name;            // as written in manifests
  std::string_view provider_label;  // value of gen_ai.provider.name
};

/// The schema that manifests call `name`; nullopt for any other text.
std::optional<Schema> schema_from_name(std::string_view name);
const SchemaInfo& schema_info(Schema schema);
std::span<const SchemaInfo> all_schemas();
std::string_view to_string(Schema schema);

/// BackendSecurityPolicy.spec.type, and none. What a backend is shown to let us in.
enum class CredentialType : std::uint8_t {
  kNone,
  kApiKey,
  kAnthropicApiKey,
  kAzureApiKey,
  kAwsCredentials,
  kAzureCredentials,
  kGcpCredentials,
};

/// nullopt for a text that is no credential type ("None" is none of them: it has no manifest name).
std::optional<CredentialType> credential_type_from_name(std::string_view name);
std::string_view to_string(CredentialType type);

}  // namespace tollgate::dataplane::catalog
