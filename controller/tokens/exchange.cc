#include "controller/tokens/exchange.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "controller/tokens/jwt.h"
#include "dataplane/auth/aws_documents.h"

namespace tollgate::controller::tokens {

using Json = nlohmann::json;
namespace auth = tollgate::dataplane::auth;

namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kAzureScope = "https://cognitiveservices.azure.com/.default";
constexpr std::string_view kGoogleScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kGoogleTokenUri = "https://oauth2.googleapis.com/token";
constexpr std::chrono::seconds kAssertionLife{3600};
/// Life of a token whose answer does not say.
constexpr std::int64_t kDefaultLifeS = 3600;
constexpr std::int64_t kMaxLifeS = 24LL * 3600;
constexpr std::size_t kMaxSaidBytes = 300;

using Fields = std::vector<std::pair<std::string, std::string_view>>;

base::Error failed(std::string_view step, std::string_view why) {
  return base::backend_error(base::Code::kUnauthenticated, true,
                             std::string(step) + ": " + std::string(why));
}

std::string text_of(const Json& document, const char* key) {
  const auto found = document.find(key);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

/// What an error answer says, shortened and without control characters.
std::string said(const Answer& answer) {
  const Json document = Json::parse(answer.body, nullptr, false);
  std::string text;
  if (document.is_object()) {
    const auto error = document.find("error");
    if (error != document.end() && error->is_object()) {
      text = text_of(*error, "message");
    } else {
      text = text_of(document, "error");
      const std::string more = text_of(document, "error_description");
      if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
    }
  }
  if (text.empty()) text = auth::describe_sts_error(answer.body);
  if (text.size() > kMaxSaidBytes) text.resize(kMaxSaidBytes);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return "status " + std::to_string(answer.status) + (text.empty() ? "" : " (" + text + ")");
}

base::Result<std::string> post(Http& http, std::string_view step, std::string url,
                               const Fields& fields) {
  Call call;
  call.url = std::move(url);
  call.headers = {{"Content-Type", std::string(kForm)}, {"Accept", "application/json"}};
  call.body = form(fields);
  auto answer = http.call(call);
  if (!answer) return failed(step, answer.error().detail);
  if (answer->status != 200) return failed(step, said(*answer));
  return std::move(answer->body);
}

/// An OAuth token answer (RFC 6749 5.1).
base::Result<Token> read_token(std::string_view step, const std::string& body, base::WallTime now) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object()) return failed(step, "the answer is no JSON object");
  std::string value = text_of(document, "access_token");
  if (value.empty()) return failed(step, "the answer has no access_token");
  std::int64_t life = kDefaultLifeS;
  const auto expires = document.find("expires_in");
  if (expires != document.end() && expires->is_number_integer()) {
    life = expires->get<std::int64_t>();
  } else if (expires != document.end() && expires->is_string()) {
    life = std::strtoll(expires->get<std::string>().c_str(), nullptr, 10);
  }
  if (life <= 0) return failed(step, "the token has expired already");
  return Token{base::Secret(std::move(value)),
               now + std::chrono::seconds(std::min(life, kMaxLifeS))};
}

base::Result<std::string> discover(const model::OidcClient& client, Http& http) {
  if (!client.token_endpoint.empty()) return client.token_endpoint;
  constexpr std::string_view kStep = "OpenID Connect discovery";
  std::string issuer = client.issuer;
  while (issuer.ends_with('/')) issuer.pop_back();
  Call call;
  call.url = issuer + "/.well-known/openid-configuration";
  auto answer = http.call(call);
  if (!answer) return failed(kStep, answer.error().detail);
  if (answer->status != 200) return failed(kStep, said(*answer));
  const Json document = Json::parse(answer->body, nullptr, false);
  std::string endpoint = document.is_object() ? text_of(document, "token_endpoint") : "";
  if (endpoint.empty()) return failed(kStep, "the document has no token_endpoint");
  return endpoint;
}

/// The token that identifies us to a cloud: the identity token if there is one.
base::Result<base::Secret> own_token(const model::OidcClient& client, Http& http) {
  constexpr std::string_view kStep = "client credentials grant";
  TRY_ASSIGN(std::string endpoint, discover(client, http));
  std::string scope;
  for (const std::string& one : client.scopes) scope += (scope.empty() ? "" : " ") + one;
  const std::string grant = client.grant_type.empty() ? "client_credentials" : client.grant_type;
  Fields fields = {{"grant_type", grant},
                   {"client_id", client.client_id},
                   {"client_secret", client.client_secret.reveal()}};
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (!client.audience.empty()) fields.emplace_back("audience", client.audience);
  TRY_ASSIGN(const std::string body, post(http, kStep, std::move(endpoint), fields));
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object()) return failed(kStep, "the answer is no JSON object");
  std::string token = text_of(document, "id_token");
  if (token.empty()) token = text_of(document, "access_token");
  if (token.empty()) return failed(kStep, "the answer has no token");
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
  TRY_ASSIGN(const std::string body,
             post(http, kStep,
                  "https://sts." + what.aws_region + ".amazonaws.com" + (china ? ".cn/" : "/"),
                  {{"Action", "AssumeRoleWithWebIdentity"},
                   {"Version", "2011-06-15"},
                   {"RoleArn", what.aws_role_arn},
                   {"RoleSessionName", session},
                   {"WebIdentityToken", identity.reveal()}}));
  auto keys = auth::parse_sts_answer(body);
  if (!keys) return failed(kStep, keys.error().detail);
  std::string file =
      "[default]\naws_access_key_id = " + keys->access_key_id + "\naws_secret_access_key = ";
  file += keys->secret_access_key.reveal();
  file += "\naws_session_token = ";
  file += keys->session_token.reveal();
  file += '\n';
  return Token{base::Secret(std::move(file)),
               keys->expires_at.value_or(now + std::chrono::seconds(kDefaultLifeS))};
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
  TRY_ASSIGN(const std::string body,
             post(http, kStep,
                  "https://login.microsoftonline.com/" + what.azure_tenant + "/oauth2/v2.0/token",
                  fields));
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
  std::string uri = text_of(account, "token_uri");
  if (uri.empty()) uri = kGoogleTokenUri;
  const Json header = {
      {"alg", "RS256"}, {"typ", "JWT"}, {"kid", text_of(account, "private_key_id")}};
  const Json claims = {{"iss", email},
                       {"scope", kGoogleScope},
                       {"aud", uri},
                       {"iat", seconds_of(now)},
                       {"exp", seconds_of(now + kAssertionLife)}};
  auto assertion = sign_jwt(header.dump(), claims.dump(), key);
  if (!assertion) return failed(kStep, assertion.error().detail);
  TRY_ASSIGN(const std::string body,
             post(http, kStep, uri,
                  {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                   {"assertion", *assertion}}));
  return read_token(kStep, body, now);
}

base::Result<Token> impersonate(const std::string& account, const Token& own, Http& http,
                                base::WallTime now) {
  constexpr std::string_view kStep = "Google generateAccessToken";
  Call call;
  call.url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" + account +
             ":generateAccessToken";
  call.headers = {{"Content-Type", "application/json"},
                  {"Authorization", "Bearer " + std::string(own.value.reveal())}};
  call.body = Json({{"scope", {kGoogleScope}}}).dump();
  auto answer = http.call(call);
  if (!answer) return failed(kStep, answer.error().detail);
  if (answer->status != 200) return failed(kStep, said(*answer));
  const Json document = Json::parse(answer->body, nullptr, false);
  std::string value = document.is_object() ? text_of(document, "accessToken") : "";
  if (value.empty()) return failed(kStep, "the answer has no accessToken");
  const auto expires = auth::parse_time(text_of(document, "expireTime"));
  return Token{base::Secret(std::move(value)),
               expires.value_or(now + std::chrono::seconds(kDefaultLifeS))};
}

base::Result<Token> exchange_federation(const model::Exchange& what, Http& http,
                                        base::WallTime now) {
  constexpr std::string_view kStep = "Google STS";
  TRY_ASSIGN(const base::Secret identity, own_token(*what.oidc, http));
  const std::string audience = "//iam.googleapis.com/projects/" + what.gcp_project_number +
                               "/locations/global/workloadIdentityPools/" + what.gcp_pool +
                               "/providers/" + what.gcp_provider;
  TRY_ASSIGN(const std::string body,
             post(http, kStep, "https://sts.googleapis.com/v1/token",
                  {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                   {"audience", audience},
                   {"scope", kGoogleScope},
                   {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                   {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                   {"subject_token", identity.reveal()}}));
  TRY_ASSIGN(Token token, read_token(kStep, body, now));
  if (what.gcp_impersonate.empty()) return token;
  return impersonate(what.gcp_impersonate, token, http, now);
}

}  // namespace

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
