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

/// Which provider a host plays.
enum class Api : std::uint8_t { kOpenAi, kAnthropic, kBedrock };

/// The credential that a host insists on.
enum class Auth : std::uint8_t { kNone, kBearer, kXApiKey, kApiKeyHeader, kSigV4 };

struct ExpectedCredential {
  Auth auth = Auth::kNone;
  base::Secret key;           // bearer token, API key, or AWS secret access key
  std::string access_key_id;  // kSigV4
  std::string session_token;  // kSigV4; empty = none may be sent
  std::string region;         // kSigV4
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
};

/// Plays the provider: checks path, Host, credential, signature, model and the fields that the
/// provider demands, and answers as it would, errors included. The last user message may steer the
/// answer, which tests use: "[[mock status=429]]", and likewise `chunks=N`, `delay=MS`,
/// `usage=IN/OUT`, `cut=N` (the connection dies after N events), `fail=N` (an error event after N
/// events), `hang` (no end).
Reply answer(const ModelHost& host, const Call& call);

}  // namespace tollgate::dataplane::mock
