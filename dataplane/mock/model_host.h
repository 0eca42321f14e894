#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/secret.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::mock {

/// Which provider's API a host plays.
enum class Api : std::uint8_t {
  kOpenAi,       // chat, completions, Responses, embeddings
  kAzure,        // Azure OpenAI: deployment paths and api-version
  kAnthropic,    // Messages, count_tokens
  kBedrock,      // InvokeModel, Converse, CountTokens
  kGemini,       // Google AI: /v1beta/models/...
  kVertex,       // Vertex AI: publishers google and anthropic
  kAwsSts,       // AssumeRoleWithWebIdentity
  kAzureAd,      // /TENANT/oauth2/v2.0/token
  kGoogleOauth,  // /token: JWT bearer of service accounts
  kGoogleSts,    // /v1/token: workload identity federation
  kGoogleIam,    // generateAccessToken
  kOidc,         // an issuer: discovery, keys, client credentials
};

/// The credential that a host insists on.
enum class Auth : std::uint8_t {
  kNone,
  kBearer,
  kXApiKey,
  kApiKeyHeader,
  kGoogleKey,  // x-goog-api-key
  kSigV4,
  kIssuedBearer,  // a live token of this server's Azure or Google endpoints
  kIssuedSigV4,   // signed with live credentials of this server's STS
};

struct ExpectedCredential {
  Auth auth = Auth::kNone;
  base::Secret key;           // bearer token, API key, or AWS secret access key
  std::string access_key_id;  // kSigV4
  std::string session_token;  // kSigV4; empty = none may be sent
  std::string region;         // kSigV4, kIssuedSigV4
};

/// What a token endpoint knows of its clients. Empty fields are not compared.
struct TokenClient {
  std::string client_id;
  base::Secret client_secret;
  std::string public_key_pem;  // checks assertions that are signed RS256
  std::string subject;         // role ARN, tenant, service account, audience: what is asked for
  std::string issuer;          // of assertions made by an OIDC issuer
};

/// One provider host as the model server plays it.
struct ModelHost {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  Api api = Api::kOpenAi;
  std::string prefix = "v1";        // path prefix of the OpenAI and Anthropic APIs
  std::vector<std::string> models;  // the ones that exist; empty = every name
  ExpectedCredential credential;
  TokenClient client = {};                     // of token endpoints
  std::chrono::seconds token_lifetime{3'600};  // of what a token endpoint issues
  /// What it is called beside `host`: the server names that clients of an address ask for.
  std::vector<std::string> names{};
};

/// One request as it arrived. `body` is followed by json::kPaddingBytes readable bytes.
struct Call {
  const http::RequestHead* head = nullptr;
  std::string_view body;
  bool tls = false;
  base::WallTime now;
};

struct Chunk {
  std::string bytes;
  std::chrono::milliseconds delay{0};  // waits before the bytes are sent
};

/// How an answer ends.
enum class End : std::uint8_t { kClean, kReset, kHang };

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Chunk> chunks;
  bool streamed = false;  // chunked, one chunk after another; else one body with Content-Length
  End end = End::kClean;
  std::size_t missing_bytes = 0;  // promised by Content-Length, and never sent
};

}  // namespace tollgate::dataplane::mock
