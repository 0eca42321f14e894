#include "dataplane/catalog/schema.h"

#include <array>
#include <cstddef>
#include <utility>

namespace tollgate::dataplane::catalog {
namespace {

// In the order of the enumerators, so that schema_info() is an index.
constexpr std::array kSchemas{
    SchemaInfo{Schema::kOpenAi, "OpenAI", "openai"},
    SchemaInfo{Schema::kCohere, "Cohere", "cohere"},
    SchemaInfo{Schema::kAwsBedrock, "AWSBedrock", "aws.bedrock"},
    SchemaInfo{Schema::kAzureOpenAi, "AzureOpenAI", "azure.openai"},
    SchemaInfo{Schema::kGcpVertexAi, "GCPVertexAI", "gcp.vertex_ai"},
    SchemaInfo{Schema::kGcpAnthropic, "GCPAnthropic", "gcp.anthropic"},
    SchemaInfo{Schema::kAnthropic, "Anthropic", "anthropic"},
    SchemaInfo{Schema::kAwsAnthropic, "AWSAnthropic", "aws.anthropic"},
    SchemaInfo{Schema::kOpenAiResponses, "OpenAI/responses", "openai"},
};

constexpr bool in_enumerator_order() {
  for (std::size_t i = 0; i < kSchemas.size(); ++i) {
    if (static_cast<std::size_t>(kSchemas[i].schema) != i) {
      return false;
    }
  }
  return true;
}
static_assert(in_enumerator_order());

constexpr std::array<std::pair<CredentialType, std::string_view>, 6> kCredentialNames{{
    {CredentialType::kApiKey, "APIKey"},
    {CredentialType::kAnthropicApiKey, "AnthropicAPIKey"},
    {CredentialType::kAzureApiKey, "AzureAPIKey"},
    {CredentialType::kAwsCredentials, "AWSCredentials"},
    {CredentialType::kAzureCredentials, "AzureCredentials"},
    {CredentialType::kGcpCredentials, "GCPCredentials"},
}};

}  // namespace

std::optional<Schema> schema_from_name(std::string_view name) {
  for (const SchemaInfo& info : kSchemas) {
    if (info.name == name) {
      return info.schema;
    }
  }
  return std::nullopt;
}

const SchemaInfo& schema_info(Schema schema) {
  return kSchemas[static_cast<std::size_t>(schema)];
}

std::span<const SchemaInfo> all_schemas() {
  return kSchemas;
}

std::string_view to_string(Schema schema) {
  return schema_info(schema).name;
}

std::optional<CredentialType> credential_type_from_name(std::string_view name) {
  for (const auto& [type, text] : kCredentialNames) {
    if (text == name) {
      return type;
    }
  }
  return std::nullopt;
}

std::string_view to_string(CredentialType type) {
  for (const auto& [known, text] : kCredentialNames) {
    if (known == type) {
      return text;
    }
  }
  return "None";
}

}  // namespace tollgate::dataplane::catalog
