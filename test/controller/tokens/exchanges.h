#pragma once

#include <string>
#include <vector>

#include "controller/tokens/exchange.h"

namespace tollgate::controller::tokens::test {

/// What no error may say.
inline const std::vector<std::string>& secrets() {
  static const std::vector<std::string> kAll = {"lab&secret",     "lab%26secret", "azure+secret",
                                                "azure%2Bsecret", "id.tok.en",    "fed-token",
                                                "PRIVATE KEY"};
  return kAll;
}

inline model::OidcClient lab() {
  model::OidcClient out;
  out.issuer = "https://id.example.com/realms/lab/";
  out.client_id = "gateway";
  out.client_secret = base::Secret("lab&secret");
  out.scopes = {"openid", "models"};
  return out;
}

inline model::Exchange aws() {
  model::Exchange out;
  out.policy = "default/bed rock";
  out.kind = model::ExchangeKind::kAwsWebIdentity;
  out.oidc = lab();
  out.aws_region = "eu-west-1";
  out.aws_role_arn = "arn:aws:iam::123456789012:role/models";
  return out;
}

inline model::Exchange azure_secret() {
  model::Exchange out;
  out.policy = "default/azure";
  out.kind = model::ExchangeKind::kAzureClientSecret;
  out.azure_tenant = "tenant-1";
  out.azure_client_id = "app";
  out.azure_client_secret = base::Secret("azure+secret");
  return out;
}

inline model::Exchange azure_assertion() {
  model::Exchange out = azure_secret();
  out.kind = model::ExchangeKind::kAzureAssertion;
  out.azure_client_secret = {};
  out.oidc = lab();
  return out;
}

inline model::Exchange federation(const std::string& impersonate = "") {
  model::Exchange out;
  out.policy = "default/vertex";
  out.kind = model::ExchangeKind::kGcpFederation;
  out.oidc = lab();
  out.gcp_project_number = "123";
  out.gcp_pool = "pool";
  out.gcp_provider = "lab";
  out.gcp_impersonate = impersonate;
  return out;
}

inline constexpr const char* kDiscovery =
    R"({"issuer": "https://id.example.com/realms/lab/",
        "token_endpoint": "https://id.example.com/realms/lab/token"})";
inline constexpr const char* kIdentity = R"({"access_token": "x", "id_token": "id.tok.en"})";
inline constexpr const char* kToken =
    R"({"access_token": "ya29.good", "expires_in": 1800, "token_type": "Bearer"})";
inline constexpr const char* kFederated = R"({"access_token": "fed-token", "expires_in": 3600})";
inline constexpr const char* kKeys =
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
    "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>wJal/key</SecretAccessKey>"
    "<SessionToken>ses&amp;sion</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration>"
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

}  // namespace tollgate::controller::tokens::test
