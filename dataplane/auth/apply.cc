#include "dataplane/auth/apply.h"

#include <algorithm>
#include <array>
#include <string>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::auth {
namespace {

constexpr std::array<std::string_view, 20> kCredentialFields{
    "authorization",   "proxy-authorization",
    "x-authorization", "x-serverless-authorization",
    "cookie",          "cookie2",
    "x-api-key",       "x-apikey",
    "api-key",         "apikey",
    "x-goog-api-key",  "xi-api-key",
    "x-functions-key", "ocp-apim-subscription-key",
    "x-auth-key",      "x-auth-token",
    "x-access-token",  "x-api-token",
    "private-token",   "helicone-auth",
};
constexpr std::array<std::string_view, 2> kCredentialPrefixes{"x-amz-", "x-aigw-"};

/// Case does not matter, and '_' counts as '-', which some servers read it as.
bool starts_like(std::string_view name, std::string_view known) {
  if (name.size() < known.size()) {
    return false;
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    const char c = name[i] == '_' ? '-' : name[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (lower != known[i]) {
      return false;
    }
  }
  return true;
}

base::Error unusable(std::string reason) {
  return base::config_error(base::Code::kUnauthenticated, std::move(reason));
}

/// The key without white space around it, if it can stand in a field.
base::Result<std::string_view> field_value(const base::Secret& key) {
  const std::string_view value = base::trim(key.reveal());
  if (value.empty()) {
    return unusable("the API key is empty");
  }
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7F'; });
  if (!printable) {
    return unusable("the API key holds characters that cannot stand in a header field");
  }
  return value;
}

base::Status apply_key(const Credential& credential, http::RequestHead& head,
                       std::string_view field, std::string_view scheme, base::Arena& arena) {
  TRY_ASSIGN(const std::string_view key, field_value(credential.key));
  head.fields.set(field, arena.concat({scheme, key}));
  return {};
}

base::Status apply_aws(const Credential& credential, http::RequestHead& head,
                       std::span<const std::string_view> body, base::WallTime now,
                       SigningKeyCache& cache, base::Arena& arena) {
  if (credential.aws.access_key_id.empty() || credential.aws.secret_access_key.empty()) {
    return unusable("there are no AWS keys");
  }
  if (!credential.aws.usable_at(now)) {
    return unusable("the AWS keys have expired");
  }
  const std::string_view region = region_of_host(head.authority, credential.aws_region);
  if (region.empty()) {
    return unusable("the AWS region is not known");
  }
  return sign_aws_v4(credential.aws, {region, "bedrock"}, head, body, now, cache, arena);
}

}  // namespace

bool is_credential_field(std::string_view name) {
  const auto is = [name](std::string_view known) {
    return name.size() == known.size() && starts_like(name, known);
  };
  const auto begins = [name](std::string_view prefix) { return starts_like(name, prefix); };
  return std::any_of(kCredentialFields.begin(), kCredentialFields.end(), is) ||
         std::any_of(kCredentialPrefixes.begin(), kCredentialPrefixes.end(), begins);
}

void strip_client_credentials(http::FieldList& fields) {
  fields.remove_if([](const http::Field& field) { return is_credential_field(field.name); });
}

base::Status apply_credential(const Credential& credential, http::RequestHead& head,
                              std::span<const std::string_view> body, base::WallTime now,
                              SigningKeyCache& cache, base::Arena& arena) {
  switch (credential.type) {
    case catalog::CredentialType::kNone:
      return {};
    case catalog::CredentialType::kApiKey:
      return apply_key(credential, head, "Authorization", "Bearer ", arena);
    case catalog::CredentialType::kAnthropicApiKey:
      return apply_key(credential, head, "x-api-key", "", arena);
    case catalog::CredentialType::kAzureApiKey:
      return apply_key(credential, head, "api-key", "", arena);
    case catalog::CredentialType::kAwsCredentials:
      return apply_aws(credential, head, body, now, cache, arena);
    case catalog::CredentialType::kAzureCredentials:
      return apply_key(credential, head, "Authorization", "Bearer ", arena);
    case catalog::CredentialType::kGcpCredentials:
      TRY(apply_key(credential, head, "Authorization", "Bearer ", arena));
      head.path = arena.concat({"/v1/projects/", credential.gcp_project, "/locations/",
                                credential.gcp_region, head.path});
      return {};
  }
  return unusable("there is no way to apply this type of credential");
}

}  // namespace tollgate::dataplane::auth
