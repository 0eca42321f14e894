#include "controller/tokens/exchange.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "controller/tokens/answers.h"
#include "controller/tokens/jwt.h"
#include "dataplane/auth/aws_documents.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "reconcilers/document/member.h"

namespace tollgate::controller::tokens {

using Json = nlohmann::json;
namespace auth = tollgate::dataplane::auth;
using reconcilers::document::text_of;

namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kAzureScope = "https://cognitiveservices.azure.com/.default";
constexpr std::string_view kGoogleScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kGoogleTokenUri = "https://oauth2.googleapis.com/token";
constexpr std::chrono::seconds kAssertionLife{3600};
/// Life of a credential whose answer names no end.
constexpr std::chrono::seconds kDefaultLife{3600};

using Fields = std::vector<std::pair<std::string, std::string_view>>;

base::Result<std::string> answer_of(Http& http, std::string_view step, const Call& call,
                                    Sensitive sensitive) {
  auto answer = http.call(call);
  if (!answer) return failed(step, answer.error().detail);
  if (answer->status != 200) return failed(step, describe(*answer, sensitive));
  return std::move(answer->body);
}

Call form_call(std::string url, const Fields& fields) {
  Call call;
  call.url = std::move(url);
  call.headers = {{"Content-Type", std::string(kForm)}, {"Accept", "application/json"}};
  call.body = form(fields);
  return call;
}

struct TokenEndpoint {
  std::string url;
  bool basic = false;  // wants the client's secret in a header
};

std::string without_slashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// OpenID Connect Discovery 1.0 sections 4 and 4.3.
base::Result<TokenEndpoint> discover(const model::OidcClient& client, Http& http) {
  if (!client.token_endpoint.empty()) return TokenEndpoint{client.token_endpoint, false};
  constexpr std::string_view kStep = "OpenID Connect discovery";
  constexpr const char* kMethods = "token_endpoint_auth_methods_supported";
  const std::string issuer = without_slashes(client.issuer);
  Call call;
  call.url = issuer + "/.well-known/openid-configuration";
  call.headers = {{"Accept", "application/json"}};
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, {}));
  TRY_ASSIGN(std::string endpoint, text_member(kStep, body, "token_endpoint"));
  TRY_ASSIGN(const std::string says, text_member(kStep, body, "issuer"));
  if (without_slashes(says) != issuer) {
    return failed(kStep, "the document is of another issuer than " + issuer);
  }
  if (issuer.starts_with("https:") && !endpoint.starts_with("https:")) {
    return failed(kStep, "the token_endpoint is no https URL, unlike the issuer");
  }
  const bool basic = is_listed(body, kMethods, "client_secret_post") == Listed::kNo &&
                     is_listed(body, kMethods, "client_secret_basic") == Listed::kYes;
  return TokenEndpoint{std::move(endpoint), basic};
}

/// The token that identifies us to a cloud: the identity token if there is one.
base::Result<base::Secret> own_token(const model::OidcClient& client, Http& http) {
  constexpr std::string_view kStep = "client credentials grant";
  TRY_ASSIGN(TokenEndpoint endpoint, discover(client, http));
  std::string scope;
  for (const std::string& one : client.scopes) scope += (scope.empty() ? "" : " ") + one;
  const std::string grant = client.grant_type.empty() ? "client_credentials" : client.grant_type;
  const std::string_view secret = client.client_secret.reveal();
  Fields fields = {{"grant_type", grant}};
  if (!endpoint.basic) {
    fields.emplace_back("client_id", client.client_id);
    fields.emplace_back("client_secret", secret);
  }
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (!client.audience.empty()) fields.emplace_back("audience", client.audience);
  Call call = form_call(std::move(endpoint.url), fields);
  const std::string pair =  // RFC 6749 section 2.3.1
      base::base64_encode(base::percent_encoded(client.client_id) + ":" +
                          base::percent_encoded(secret));
  if (endpoint.basic) call.headers.emplace_back("Authorization", "Basic " + pair);
  const std::string_view sensitive[] = {secret, pair};
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, sensitive));
  std::string token = optional_member(body, "id_token");
  if (!token.empty()) return base::Secret(std::move(token));
  TRY_ASSIGN(token, text_member(kStep, body, "access_token"));
  return base::Secret(std::move(token));
}

/// "ai-gateway-NAME" in the characters that a session name may have.
std::string session_name(const std::string& policy) {
  constexpr std::size_t kMaxBytes = 64;
  std::string name = "ai-gateway-" + policy.substr(policy.find('/') + 1);
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.');
      },
      '-');
  name.resize(std::min(name.size(), kMaxBytes));
  return name;
}

base::Result<Token> exchange_aws(const model::Exchange& what, Http& http, base::WallTime now) {
  constexpr std::string_view kStep = "AWS STS AssumeRoleWithWebIdentity";
  TRY_ASSIGN(const base::Secret identity, own_token(*what.oidc, http));
  const std::string session = session_name(what.policy);
  const bool china = what.aws_region.starts_with("cn-");
  const Call call =
      form_call("https://sts." + what.aws_region + ".amazonaws.com" + (china ? ".cn/" : "/"),
                {{"Action", "AssumeRoleWithWebIdentity"},
                 {"Version", "2011-06-15"},
                 {"RoleArn", what.aws_role_arn},
                 {"RoleSessionName", session},
                 {"WebIdentityToken", identity.reveal()}});
  const std::string_view sensitive[] = {identity.reveal()};
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, sensitive));
  auto keys = auth::parse_sts_answer(body);
  if (!keys) return failed(kStep, keys.error().detail);
  std::string file =
      "[default]\naws_access_key_id = " + keys->access_key_id + "\naws_secret_access_key = ";
  file += keys->secret_access_key.reveal();
  file += "\naws_session_token = ";
  file += keys->session_token.reveal();
  file += '\n';
  return token_until(kStep, base::Secret(std::move(file)),
                     keys->expires_at.value_or(now + kDefaultLife), now);
}

base::Result<Token> exchange_azure(const model::Exchange& what, Http& http, base::WallTime now) {
  constexpr std::string_view kStep = "Microsoft Entra ID";
  Fields fields = {{"grant_type", "client_credentials"},
                   {"client_id", what.azure_client_id},
                   {"scope", kAzureScope}};
  base::Secret assertion;
  if (what.kind == model::ExchangeKind::kAzureAssertion) {
    TRY_ASSIGN(assertion, own_token(*what.oidc, http));
    fields.emplace_back("client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    fields.emplace_back("client_assertion", assertion.reveal());
  } else {
    fields.emplace_back("client_secret", what.azure_client_secret.reveal());
  }
  const std::string_view sensitive[] = {assertion.reveal(), what.azure_client_secret.reveal()};
  const Call call = form_call("https://login.microsoftonline.com/" +
                                  base::percent_encoded(what.azure_tenant) + "/oauth2/v2.0/token",
                              fields);
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, sensitive));
  return read_token(kStep, body, now);
}

std::int64_t seconds_of(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

base::Result<Token> exchange_service_account(const model::Exchange& what, Http& http,
                                             base::WallTime now) {
  constexpr std::string_view kStep = "Google service account";
  const Json account = Json::parse(what.gcp_service_account.reveal(), nullptr, false);
  if (!account.is_object()) return failed(kStep, "the key file is no JSON object");
  const std::string email = text_of(account, "client_email");
  const base::Secret key(text_of(account, "private_key"));
  if (email.empty() || key.empty()) {
    return failed(kStep, "the key file has no client_email or no private_key");
  }
  const std::string uri = token_uri(what);
  Json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  const std::string kid = text_of(account, "private_key_id");
  if (!kid.empty()) header["kid"] = kid;
  const Json claims = {{"iss", email},
                       {"scope", kGoogleScope},
                       {"aud", uri},
                       {"iat", seconds_of(now)},
                       {"exp", seconds_of(now + kAssertionLife)}};
  auto assertion = sign_jwt(header.dump(), claims.dump(), key);
  if (!assertion) return failed(kStep, assertion.error().detail);
  const Call call = form_call(uri, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                                    {"assertion", *assertion}});
  const std::string_view sensitive[] = {*assertion};
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, sensitive));
  return read_token(kStep, body, now);
}

base::Result<Token> impersonate(const std::string& account, const Token& own, Http& http,
                                base::WallTime now) {
  constexpr std::string_view kStep = "Google generateAccessToken";
  Call call;
  call.url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" +
             base::percent_encoded(account) + ":generateAccessToken";
  call.headers = {{"Content-Type", "application/json"},
                  {"Authorization", "Bearer " + std::string(own.value.reveal())}};
  call.body = Json({{"scope", {kGoogleScope}}}).dump();
  const std::string_view sensitive[] = {own.value.reveal()};
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, sensitive));
  TRY_ASSIGN(std::string value, text_member(kStep, body, "accessToken"));
  const auto expires = auth::parse_time(optional_member(body, "expireTime"));
  return token_until(kStep, base::Secret(std::move(value)), expires.value_or(now + kDefaultLife),
                     now);
}

base::Result<Token> exchange_federation(const model::Exchange& what, Http& http,
                                        base::WallTime now) {
  constexpr std::string_view kStep = "Google STS";
  TRY_ASSIGN(const base::Secret identity, own_token(*what.oidc, http));
  const std::string audience = "//iam.googleapis.com/projects/" + what.gcp_project_number +
                               "/locations/global/workloadIdentityPools/" + what.gcp_pool +
                               "/providers/" + what.gcp_provider;
  const Call call =
      form_call("https://sts.googleapis.com/v1/token",
                {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                 {"audience", audience},
                 {"scope", kGoogleScope},
                 {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                 {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                 {"subject_token", identity.reveal()}});
  const std::string_view sensitive[] = {identity.reveal()};
  TRY_ASSIGN(const std::string body, answer_of(http, kStep, call, sensitive));
  TRY_ASSIGN(Token token, read_token(kStep, body, now));
  if (what.gcp_impersonate.empty()) return token;
  return impersonate(what.gcp_impersonate, token, http, now);
}

}  // namespace

std::string token_uri(const model::Exchange& what) {
  if (what.kind != model::ExchangeKind::kGcpServiceAccount) return "";
  const std::string uri =
      optional_member(std::string(what.gcp_service_account.reveal()), "token_uri");
  return uri.empty() ? std::string(kGoogleTokenUri) : uri;
}

base::Result<Token> exchange(const model::Exchange& what, Http& http, base::WallTime now) {
  switch (what.kind) {
    case model::ExchangeKind::kAwsWebIdentity:
      return exchange_aws(what, http, now);
    case model::ExchangeKind::kAzureClientSecret:
    case model::ExchangeKind::kAzureAssertion:
      return exchange_azure(what, http, now);
    case model::ExchangeKind::kGcpServiceAccount:
      return exchange_service_account(what, http, now);
    case model::ExchangeKind::kGcpFederation:
      return exchange_federation(what, http, now);
  }
  return base::internal_error("an exchange of no known kind");
}

}  // namespace tollgate::controller::tokens
