#include "dataplane/mock/server/answer.h"

#include <algorithm>

#include "dataplane/base/text.h"
#include "dataplane/mock/anthropic/messages.h"
#include "dataplane/mock/bedrock/api.h"
#include "dataplane/mock/credential_check.h"
#include "dataplane/mock/gemini/api.h"
#include "dataplane/mock/openai/api.h"
#include "dataplane/mock/tokens/endpoints.h"

namespace tollgate::dataplane::mock::server {

namespace {

/// What an API does with a request that is meant for it, and with one that is not.
struct Play {
  Reply (*answer)(const ModelHost& host, const Call& call);
  Reply (*error)(int status, std::string_view message);
};

Play play_of(Api api) {
  switch (api) {
    case Api::kOpenAi:
      return {&openai::answer, &openai::error};
    case Api::kAzure:
      return {&openai::answer_azure, &openai::error};
    case Api::kAnthropic:
      return {&anthropic::answer, &anthropic::error};
    case Api::kBedrock:
      return {&bedrock::answer, &bedrock::error};
    case Api::kGemini:
      return {&gemini::answer, &gemini::error};
    case Api::kVertex:
      return {&gemini::answer_vertex, &gemini::error};
    case Api::kAwsSts:
      return {&tokens::answer_aws_sts, &tokens::plain_error};
    case Api::kAzureAd:
      return {&tokens::answer_azure_ad, &tokens::plain_error};
    case Api::kGoogleOauth:
      return {&tokens::answer_google_oauth, &tokens::plain_error};
    case Api::kGoogleSts:
      return {&tokens::answer_google_sts, &tokens::plain_error};
    case Api::kGoogleIam:
      return {&tokens::answer_google_iam, &tokens::plain_error};
    case Api::kOidc:
      return {&tokens::answer_oidc, &tokens::plain_error};
  }
  return {&openai::answer, &openai::error};
}

/// The host with its port, or alone as Envoy's host rewrite sends it.
bool right_host(const ModelHost& host, std::string_view authority) {
  const auto is = [&](const std::string& name) {
    return base::equals_ignore_case(authority, name) ||
           base::equals_ignore_case(authority, name + ":" + std::to_string(host.port));
  };
  return is(host.host) || std::any_of(host.names.begin(), host.names.end(), is);
}

Reply unauthenticated(const ModelHost& host, const CredentialProblem& problem) {
  switch (host.api) {
    case Api::kAnthropic:
      return anthropic::error(401, "invalid x-api-key");
    case Api::kBedrock:
      return bedrock::typed_error(403, problem.type, problem.message);
    case Api::kGemini:
      return gemini::error(400, "API key not valid. Please pass a valid API key.");
    case Api::kVertex:
      return gemini::error(401,
                           "Request had invalid authentication credentials. Expected OAuth 2 "
                           "access token, login cookie or other valid authentication credential.");
    case Api::kAzure:
      return openai::coded_error(401, "401",
                                 "Access denied due to invalid subscription key or wrong API "
                                 "endpoint.");
    default:
      return openai::error(401, problem.message);
  }
}

}  // namespace

Reply answer(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  const Play play = play_of(host.api);
  if (call.tls != host.tls) {
    return play.error(
        400, host.tls ? "The plain HTTP request was sent to HTTPS port." : "TLS not expected.");
  }
  if (!right_host(host, head.authority)) {
    return play.error(
        421, "This server is " + host.host + " and not " + std::string(head.authority) + ".");
  }
  for (const http::Field& field : head.fields) {
    if (base::to_lower(field.name).substr(0, 7) == "x-ai-eg") {
      return play.error(400, "A header of the gateway came along.");
    }
  }
  if (const auto problem = check_credential(host, call)) return unauthenticated(host, *problem);
  return play.answer(host, call);
}

Reply nobody(const Call& call) {
  return openai::error(421, "No provider is played as " + std::string(call.head->authority) + ".");
}

}  // namespace tollgate::dataplane::mock::server
