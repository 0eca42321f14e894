#include <algorithm>

#include "dataplane/base/text.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/issued.h"
#include "dataplane/mock/tokens/endpoints.h"
#include "dataplane/mock/tokens/form.h"

namespace tollgate::dataplane::mock::tokens {

namespace {

constexpr std::string_view kRequestId = "c6104cbe-af31-11e0-8154-cbc7ccf896c7";
constexpr std::string_view kAssertionType =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

Reply xml_reply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "text/xml"}, {"x-amzn-RequestId", std::string(kRequestId)}};
  reply.chunks.push_back({std::move(body), {}});
  return reply;
}

Reply sts_error(int status, std::string_view code, std::string_view message) {
  std::string body = R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">)";
  body += "<Error><Type>Sender</Type><Code>" + std::string(code) + "</Code><Message>" +
          std::string(message) + "</Message></Error><RequestId>" + std::string(kRequestId) +
          "</RequestId></ErrorResponse>";
  return xml_reply(status, std::move(body));
}

std::string element(std::string_view name, std::string_view text) {
  std::string out = "<" + std::string(name) + ">";
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out + "</" + std::string(name) + ">";
}

bool is_session_name(std::string_view name) {
  return name.size() >= 2 && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_+=,.@-").find(c) != std::string_view::npos;
         });
}

std::optional<Reply> check_assume_role(const ModelHost& host, const Form& form,
                                       base::WallTime now) {
  if (form.get("Version") != "2011-06-15") {
    return sts_error(400, "InvalidAction", "Could not find operation for this version.");
  }
  if (form.get("Action") != "AssumeRoleWithWebIdentity") {
    return sts_error(400, "InvalidAction", "Could not find operation " + form.get("Action") + ".");
  }
  const std::string& role = form.get("RoleArn");
  if (role.substr(0, 4) != "arn:" || role.size() < 20) {
    return sts_error(400, "ValidationError", "Request ARN is invalid");
  }
  if (!is_session_name(form.get("RoleSessionName"))) {
    return sts_error(400, "ValidationError",
                     "Value at 'roleSessionName' failed to satisfy constraint");
  }
  const std::string& duration = form.get("DurationSeconds");
  const auto seconds = base::parse_u64(duration);
  if (!duration.empty() && (!seconds || *seconds < 900 || *seconds > 43'200)) {
    return sts_error(400, "ValidationError",
                     "Value at 'durationSeconds' failed to satisfy constraint");
  }
  const std::string& token = form.get("WebIdentityToken");
  const auto own = check_token(token, TokenKind::kOidc, now);
  const bool good = host.client.issuer.empty() ? read_assertion(token).has_value()
                                               : own && own->issuer == host.client.issuer;
  if (!good) {
    return sts_error(400, "InvalidIdentityToken",
                     "The ID Token provided is not a valid JWT, or has expired.");
  }
  if (!host.client.subject.empty() && role != host.client.subject) {
    return sts_error(403, "AccessDenied",
                     "Not authorized to perform sts:AssumeRoleWithWebIdentity");
  }
  return std::nullopt;
}

Reply azure_error(int status, std::string_view error, int number, std::string_view message) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("error", error);
  writer.member("error_description",
                "AADSTS" + std::to_string(number) + ": " + std::string(message));
  writer.key("error_codes").begin_array().value(number).end_array();
  writer.member("trace_id", kRequestId).member("correlation_id", kRequestId).end_object();
  return json_reply(status, std::move(out));
}

/// Entra ID is an OpenID issuer too, per tenant.
Reply azure_discovery(const ModelHost& host, std::string_view tenant) {
  const std::string root = "https://" + host.host + std::string(tenant);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("issuer", root + "/v2.0");
  writer.member("token_endpoint", root + "/oauth2/v2.0/token");
  writer.key("token_endpoint_auth_methods_supported").begin_array();
  writer.value("client_secret_post").value("client_secret_basic").end_array().end_object();
  return json_reply(200, std::move(out));
}

std::optional<Reply> check_azure_client(const ModelHost& host, const Form& form,
                                        base::WallTime now) {
  const std::string& secret = form.get("client_secret");
  const std::string& assertion = form.get("client_assertion");
  if (secret.empty() == assertion.empty()) {
    return azure_error(401, "invalid_client", 7000216,
                       "'client_assertion', 'client_secret' or 'request' is required for the "
                       "'client_credentials' grant type.");
  }
  if (!secret.empty()) {
    const std::string_view expected = host.client.client_secret.reveal();
    if (expected.empty() || secret == expected) return std::nullopt;
    return azure_error(401, "invalid_client", 7000215, "Invalid client secret provided.");
  }
  if (form.get("client_assertion_type") != kAssertionType) {
    return azure_error(400, "invalid_request", 900144,
                       "The request body must contain the parameter 'client_assertion_type'.");
  }
  const auto own = check_token(assertion, TokenKind::kOidc, now);
  const bool good = host.client.issuer.empty() ? read_assertion(assertion).has_value()
                                               : own && own->issuer == host.client.issuer;
  if (good) return std::nullopt;
  return azure_error(401, "invalid_client", 700211,
                     "No matching federated identity record found for presented assertion.");
}

}  // namespace

Reply plain_error(int status, std::string_view message) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("error", "invalid_request");
  writer.member("error_description", message).end_object();
  return json_reply(status, std::move(out));
}

Reply answer_aws_sts(const ModelHost& host, const Call& call) {
  if (call.head->path != "/" || call.head->method != "POST") {
    return sts_error(404, "UnknownOperationException", "There is nothing here.");
  }
  if (call.head->fields.contains("authorization")) {
    return sts_error(403, "IncompleteSignature", "This operation is not signed.");
  }
  const auto form = Form::read(call, false);
  if (!form) return sts_error(400, "MalformedQueryString", "The body is no form.");
  if (auto refused = check_assume_role(host, *form, call.now)) return *refused;
  const auto asked = base::parse_u64(form->get("DurationSeconds"));
  const auto lifetime =
      asked ? std::min(host.token_lifetime, std::chrono::seconds(*asked)) : host.token_lifetime;
  const base::WallTime expiry = call.now + lifetime;
  const std::string& role = form->get("RoleArn");
  const base::Secret token = issue_token(TokenKind::kAws, role, host.host, expiry);
  const SessionKeys keys = session_keys(token.reveal());
  std::string body =
      R"(<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">)"
      "<AssumeRoleWithWebIdentityResult><Credentials>";
  body += element("AccessKeyId", keys.access_key_id) +
          element("SecretAccessKey", keys.secret_access_key.reveal()) +
          element("SessionToken", token.reveal()) + element("Expiration", iso_time(expiry));
  body += "</Credentials><AssumedRoleUser>" +
          element("Arn", role + "/" + form->get("RoleSessionName")) +
          "</AssumedRoleUser></AssumeRoleWithWebIdentityResult><ResponseMetadata>" +
          element("RequestId", kRequestId) +
          "</ResponseMetadata></AssumeRoleWithWebIdentityResponse>";
  return xml_reply(200, std::move(body));
}

Reply answer_azure_ad(const ModelHost& host, const Call& call) {
  constexpr std::string_view kSuffix = "/oauth2/v2.0/token";
  constexpr std::string_view kDiscovery = "/v2.0/.well-known/openid-configuration";
  const std::string_view path = call.head->path;
  if (call.head->method == "GET" && path.size() > kDiscovery.size() + 1 &&
      path.ends_with(kDiscovery)) {
    return azure_discovery(host, path.substr(0, path.size() - kDiscovery.size()));
  }
  if (path.size() <= kSuffix.size() + 1 || !path.ends_with(kSuffix) ||
      call.head->method != "POST") {
    return plain_error(404, "There is nothing here.");
  }
  const std::string_view tenant = path.substr(1, path.size() - kSuffix.size() - 1);
  const auto form = Form::read(call, false);
  if (!form) {
    return azure_error(400, "invalid_request", 900144, "The request body must be a form.");
  }
  if (form->get("grant_type") != "client_credentials") {
    return azure_error(400, "unsupported_grant_type", 70003,
                       "The app requested an unsupported grant type.");
  }
  if (!host.client.subject.empty() && tenant != host.client.subject) {
    return azure_error(400, "invalid_request", 90002,
                       "Tenant '" + std::string(tenant) + "' not found.");
  }
  const std::string& client = form->get("client_id");
  if (client.empty() || (!host.client.client_id.empty() && client != host.client.client_id)) {
    return azure_error(400, "unauthorized_client", 700016,
                       "Application with identifier '" + client + "' was not found.");
  }
  if (!form->get("scope").ends_with("/.default")) {
    return azure_error(400, "invalid_scope", 1002012, "The provided value for scope is not valid.");
  }
  if (auto refused = check_azure_client(host, *form, call.now)) return *refused;
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("token_type", "Bearer");
  writer.member("expires_in", static_cast<std::int64_t>(host.token_lifetime.count()));
  writer.member("ext_expires_in", static_cast<std::int64_t>(host.token_lifetime.count()));
  const base::Secret token =
      issue_token(TokenKind::kAzure, client, host.host, call.now + host.token_lifetime);
  writer.member("access_token", token.reveal()).end_object();
  return json_reply(200, std::move(out), {{"cache-control", "no-store"}});
}

}  // namespace tollgate::dataplane::mock::tokens
