#include "dataplane/mock/model_host.h"

#include <algorithm>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/mock/providers.h"
#include "dataplane/mock/sigv4_check.h"

namespace tollgate::dataplane::mock {

namespace {

Reply refuse(const ModelHost& host, int status, std::string_view type, std::string_view message) {
  switch (host.api) {
    case Api::kOpenAi:
      return openai_error(status, type, message);
    case Api::kAnthropic:
      return anthropic_error(status, type, message);
    case Api::kBedrock:
      return bedrock_error(status, type, message);
  }
  return openai_error(status, type, message);
}

/// The host with its port, or alone as Envoy's host rewrite sends it.
bool right_host(const ModelHost& host, std::string_view authority) {
  const auto is = [&](const std::string& name) {
    return base::equals_ignore_case(authority, name) ||
           base::equals_ignore_case(authority, name + ":" + std::to_string(host.port));
  };
  return is(host.host) || std::any_of(host.names.begin(), host.names.end(), is);
}

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  return authorization.substr(0, kScheme.size()) == kScheme ? authorization.substr(kScheme.size())
                                                            : std::string_view();
}

/// What came with the request that could be a credential, except the expected header: a client's
/// own key must never arrive beside the gateway's.
bool foreign_credential(const http::FieldList& fields, std::string_view expected) {
  for (const std::string_view name :
       {std::string_view("authorization"), std::string_view("x-api-key"),
        std::string_view("api-key"), std::string_view("cookie"),
        std::string_view("proxy-authorization")}) {
    if (name != expected && fields.contains(name)) return true;
  }
  return false;
}

Reply unauthenticated(const ModelHost& host) {
  if (host.api == Api::kAnthropic) {
    return anthropic_error(401, "authentication_error", "invalid x-api-key");
  }
  return openai_error(401, "invalid_request_error", "Incorrect API key provided.",
                      "invalid_api_key");
}

bool check_key(const ModelHost& host, const http::FieldList& fields, Reply& refusal) {
  std::string_view name;
  std::string_view sent;
  switch (host.credential.auth) {
    case Auth::kBearer:
      name = "authorization";
      sent = bearer(fields.value_of(name));
      break;
    case Auth::kXApiKey:
      name = "x-api-key";
      sent = fields.value_of(name);
      break;
    case Auth::kApiKeyHeader:
      name = "api-key";
      sent = fields.value_of(name);
      break;
    case Auth::kNone:
    case Auth::kSigV4:
      return true;
  }
  if (fields.count(name) == 1 && sent == host.credential.key.reveal() &&
      !foreign_credential(fields, name)) {
    return true;
  }
  refusal = unauthenticated(host);
  return false;
}

bool check_signature(const ModelHost& host, const Call& call, Reply& refusal) {
  if (host.credential.auth != Auth::kSigV4) return true;
  if (foreign_credential(call.head->fields, "authorization")) {
    refusal = bedrock_error(403, "AccessDeniedException", "A foreign credential came along.");
    return false;
  }
  const base::Status good = check_sigv4(*call.head, call.body, host.credential, call.now);
  if (good) return true;
  const std::string& detail = good.error().detail;
  const std::size_t colon = detail.find(": ");
  refusal = bedrock_error(403, detail.substr(0, colon), detail.substr(colon + 2));
  return false;
}

}  // namespace

Reply answer(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  if (call.tls != host.tls) {
    return refuse(
        host, 400, "invalid_request_error",
        host.tls ? "The plain HTTP request was sent to HTTPS port." : "TLS not expected.");
  }
  if (!right_host(host, head.authority)) {
    return refuse(host, 421, "invalid_request_error",
                  "This server is " + host.host + " and not " + std::string(head.authority) + ".");
  }
  for (const http::Field& field : head.fields) {
    if (base::to_lower(field.name).substr(0, 7) == "x-ai-eg") {
      return refuse(host, 400, "invalid_request_error", "A header of the gateway came along.");
    }
  }
  Reply refusal;
  if (!check_key(host, head.fields, refusal) || !check_signature(host, call, refusal)) {
    return refusal;
  }
  switch (host.api) {
    case Api::kOpenAi:
      return answer_openai(host, call);
    case Api::kAnthropic:
      return answer_anthropic(host, call);
    case Api::kBedrock:
      return answer_bedrock(host, call);
  }
  return openai_error(500, "server_error", "unknown API");
}

std::string make_id(std::string_view prefix, const Call& call) {
  return std::string(prefix) + base::to_hex(base::hash128(call.body)).substr(0, 24);
}

void apply_stream_faults(const Directives& directives, std::string error_chunk, Reply& reply) {
  if (directives.fail_after && *directives.fail_after < reply.chunks.size()) {
    reply.chunks.resize(*directives.fail_after);
    reply.chunks.push_back({std::move(error_chunk), directives.delay});
  }
  if (directives.cut_after && *directives.cut_after < reply.chunks.size()) {
    reply.chunks.resize(*directives.cut_after);
    reply.end = End::kReset;
  }
  if (directives.hang) {
    reply.chunks.pop_back();
    reply.end = End::kHang;
  }
}

}  // namespace tollgate::dataplane::mock
