#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/fields.h"
#include "dataplane/mock/issued.h"
#include "dataplane/mock/tokens/endpoints.h"
#include "dataplane/mock/tokens/form.h"

namespace tollgate::dataplane::mock::tokens {

namespace {

constexpr std::int64_t kLongestAssertion = 3'600;  // seconds
constexpr std::int64_t kClockSkew = 300;
constexpr std::string_view kAccessToken = "urn:ietf:params:oauth:token-type:access_token";

Reply oauth_error(int status, std::string_view error, std::string_view description) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("error", error).member("error_description", description);
  writer.end_object();
  return json_reply(status, std::move(out));
}

Reply google_error(int status, std::string_view name, std::string_view message) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("error").begin_object().member("code", status);
  writer.member("message", message).member("status", name).end_object().end_object();
  return json_reply(status, std::move(out));
}

Reply token_reply(const base::Secret& token, std::chrono::seconds lifetime,
                  std::string_view issued_type = {}) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("access_token", token.reveal());
  if (!issued_type.empty()) writer.member("issued_token_type", issued_type);
  writer.member("expires_in", static_cast<std::int64_t>(lifetime.count()));
  writer.member("token_type", "Bearer").end_object();
  return json_reply(200, std::move(out), {{"cache-control", "no-store"}});
}

std::string url_of(const ModelHost& host, std::string_view path) {
  const std::uint16_t usual = host.tls ? 443 : 80;
  std::string url = (host.tls ? "https://" : "http://") + host.host;
  if (host.port != usual) url += ":" + std::to_string(host.port);
  return url + std::string(path);
}

std::string check_service_account(const ModelHost& host, const Call& call, const std::string& jwt) {
  const auto assertion = read_assertion(jwt);
  const std::int64_t now = unix_seconds(call);
  if (!assertion || assertion->algorithm != "RS256") return "Invalid JWT: not signed with RS256.";
  // The SDK names Google's own endpoint even where it asks another.
  if (assertion->audience != url_of(host, call.head->path) &&
      assertion->audience != "https://oauth2.googleapis.com/token") {
    return "Invalid JWT: Failed audience check.";
  }
  if (assertion->issued_unix_s > now + kClockSkew || assertion->expiry_unix_s <= now ||
      assertion->expiry_unix_s - assertion->issued_unix_s > kLongestAssertion) {
    return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
           "timeframe.";
  }
  if (assertion->scope.empty()) return "Empty or missing scope not allowed.";
  if (assertion->issuer.empty() ||
      (!host.client.client_id.empty() && assertion->issuer != host.client.client_id)) {
    return "Invalid grant: account not found";
  }
  return has_signature(jwt, host.client.public_key_pem) ? "" : "Invalid JWT Signature.";
}

/// "Basic BASE64(id:secret)" or the two in the form.
bool is_oidc_client(const ModelHost& host, const Call& call, const Form& form) {
  std::string id = form.get("client_id");
  std::string secret = form.get("client_secret");
  constexpr std::string_view kBasic = "Basic ";
  const std::string_view authorization = call.head->fields.value_of("authorization");
  if (authorization.substr(0, kBasic.size()) == kBasic) {
    const auto pair = base::base64_decode(authorization.substr(kBasic.size()));
    if (!pair || pair->find(':') == std::string::npos) return false;
    id = unescape(pair->substr(0, pair->find(':')), true).value_or("");
    secret = unescape(pair->substr(pair->find(':') + 1), true).value_or("");
  }
  const TokenClient& client = host.client;
  return !id.empty() && !secret.empty() && (client.client_id.empty() || id == client.client_id) &&
         (client.client_secret.empty() || secret == client.client_secret.reveal());
}

Reply discovery(const std::string& issuer) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("issuer", issuer).member("token_endpoint", issuer + "/token");
  writer.member("authorization_endpoint", issuer + "/authorize");
  writer.member("jwks_uri", issuer + "/jwks");
  for (const auto& [name, value] : {std::pair{"response_types_supported", "code"},
                                    std::pair{"subject_types_supported", "public"},
                                    std::pair{"id_token_signing_alg_values_supported", "HS256"},
                                    std::pair{"scopes_supported", "openid"},
                                    std::pair{"grant_types_supported", "client_credentials"}}) {
    writer.key(name).begin_array().value(value).end_array();
  }
  writer.end_object();
  return json_reply(200, std::move(out));
}

}  // namespace

Reply answer_google_oauth(const ModelHost& host, const Call& call) {
  if (call.head->path != "/token" || call.head->method != "POST") {
    return plain_error(404, "There is nothing here.");
  }
  const auto form = Form::read(call, false);
  if (!form) return oauth_error(400, "invalid_request", "The body is no form.");
  if (form->get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer") {
    return oauth_error(400, "unsupported_grant_type",
                       "Invalid grant_type: " + form->get("grant_type"));
  }
  const std::string problem = check_service_account(host, call, form->get("assertion"));
  if (!problem.empty()) return oauth_error(400, "invalid_grant", problem);
  const auto assertion = read_assertion(form->get("assertion"));
  return token_reply(
      issue_token(TokenKind::kGoogle, assertion->issuer, host.host, call.now + host.token_lifetime),
      host.token_lifetime);
}

Reply answer_google_sts(const ModelHost& host, const Call& call) {
  if (call.head->path != "/v1/token" || call.head->method != "POST") {
    return plain_error(404, "There is nothing here.");
  }
  const auto form = Form::read(call, true);
  if (!form) return oauth_error(400, "invalid_request", "The body is neither form nor JSON.");
  if (form->get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange") {
    return oauth_error(400, "unsupported_grant_type", "Only token exchange is supported.");
  }
  const std::string& audience = form->get("audience");
  if (audience.substr(0, 21) != "//iam.googleapis.com/" ||
      audience.find("/workloadIdentityPools/") == std::string::npos ||
      audience.find("/providers/") == std::string::npos ||
      (!host.client.subject.empty() && audience != host.client.subject)) {
    return oauth_error(400, "invalid_target",
                       "The target service indicated by the \"audience\" parameters is invalid.");
  }
  if (form->get("requested_token_type") != kAccessToken || form->get("scope").empty() ||
      form->get("subject_token_type") != "urn:ietf:params:oauth:token-type:jwt") {
    return oauth_error(400, "invalid_request", "A required parameter is missing or wrong.");
  }
  const std::string& subject = form->get("subject_token");
  const auto own = check_token(subject, TokenKind::kOidc, call.now);
  const bool good = host.client.issuer.empty() ? read_assertion(subject).has_value()
                                               : own && own->issuer == host.client.issuer;
  if (!good) return oauth_error(400, "invalid_grant", "The given credential is rejected.");
  return token_reply(
      issue_token(TokenKind::kGoogleFederated, audience, host.host, call.now + host.token_lifetime),
      host.token_lifetime, kAccessToken);
}

Reply answer_google_iam(const ModelHost& host, const Call& call) {
  constexpr std::string_view kRoot = "/v1/projects/-/serviceAccounts/";
  constexpr std::string_view kMethod = ":generateAccessToken";
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view path = call.head->path;
  if (path.substr(0, kRoot.size()) != kRoot || !path.ends_with(kMethod) ||
      call.head->method != "POST" || path.size() <= kRoot.size() + kMethod.size()) {
    return google_error(404, "NOT_FOUND", "There is nothing here.");
  }
  const auto account =
      unescape(path.substr(kRoot.size(), path.size() - kRoot.size() - kMethod.size()));
  const std::string_view authorization = call.head->fields.value_of("authorization");
  if (authorization.substr(0, kScheme.size()) != kScheme ||
      !check_token(authorization.substr(kScheme.size()), TokenKind::kGoogleFederated, call.now)) {
    return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
  }
  if (!account || (!host.client.client_id.empty() && *account != host.client.client_id)) {
    return google_error(403, "PERMISSION_DENIED",
                        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource.");
  }
  json::Reader reader;
  const auto body = reader.open(call.body);
  if (!body || list_of(*body, "scope").empty()) {
    return google_error(400, "INVALID_ARGUMENT", "Scope required.");
  }
  const base::WallTime expiry = call.now + host.token_lifetime;
  std::string out;
  json::Writer writer(out);
  const base::Secret token = issue_token(TokenKind::kGoogle, *account, host.host, expiry);
  writer.begin_object().member("accessToken", token.reveal());
  writer.member("expireTime", iso_time(expiry)).end_object();
  return json_reply(200, std::move(out));
}

Reply answer_oidc(const ModelHost& host, const Call& call) {
  constexpr std::string_view kDiscovery = "/.well-known/openid-configuration";
  const std::string_view path = call.head->path;
  const std::string_view method = call.head->method;
  if (method == "GET" && path.ends_with(kDiscovery)) {
    return discovery(url_of(host, path.substr(0, path.size() - kDiscovery.size())));
  }
  if (method == "GET" && path.ends_with("/jwks")) return json_reply(200, R"({"keys":[]})");
  constexpr std::string_view kToken = "/token";
  if (method != "POST" || !path.ends_with(kToken)) {
    return plain_error(404, "There is nothing here.");
  }
  const auto form = Form::read(call, false);
  if (!form) return oauth_error(400, "invalid_request", "The body is no form.");
  if (form->get("grant_type") != "client_credentials") {
    return oauth_error(400, "unsupported_grant_type", "Only client_credentials is supported.");
  }
  if (!is_oidc_client(host, call, *form)) {
    return oauth_error(401, "invalid_client", "Client authentication failed.");
  }
  const std::string issuer = url_of(host, path.substr(0, path.size() - kToken.size()));
  return token_reply(
      issue_token(TokenKind::kOidc, form->get("client_id"), issuer, call.now + host.token_lifetime),
      host.token_lifetime);
}

}  // namespace tollgate::dataplane::mock::tokens
