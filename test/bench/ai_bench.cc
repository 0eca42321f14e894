// CPU time of what the AI layer adds to a request: preparing it for a backend, signing it, reading
// its answer; built on demand:
//   ninja -C build/release ai_bench && build/release/ai_bench
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/auth/apply.h"
#include "dataplane/base/arena.h"
#include "dataplane/base/hash.h"
#include "dataplane/formats/event_stream.h"
#include "dataplane/formats/openai_stream_filter.h"
#include "dataplane/formats/usage_scanner.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/providers/invoke_answer.h"
#include "dataplane/providers/prepare.h"

namespace auth = tollgate::dataplane::auth;
namespace base = tollgate::dataplane::base;
namespace catalog = tollgate::dataplane::catalog;
namespace formats = tollgate::dataplane::formats;
namespace http = tollgate::dataplane::http;
namespace json = tollgate::dataplane::json;
namespace providers = tollgate::dataplane::providers;

namespace {

/// CPU time of this thread, so that a busy machine disturbs less.
double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// The best of several rounds in nanoseconds per call: the least disturbed one.
template <typename F>
void measure(const char* name, F&& once, int calls = 5'000) {
  constexpr int kRounds = 9;
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const double start = cpu_ns();
    for (int call = 0; call < calls; ++call) once();
    const double spent = (cpu_ns() - start) / calls;
    if (spent < best) best = spent;
  }
  std::printf("%-56s %10.1f ns\n", name, best);
}

struct NullSink final : formats::ByteSink {
  void write(std::string_view bytes) override { size += bytes.size(); }
  std::size_t size = 0;
};

std::string request_body(std::string_view model, bool stream, std::size_t text_bytes) {
  std::string body = "{\"model\":\"" + std::string(model) + "\",\"max_tokens\":100,";
  body += stream ? "\"stream\":true," : "";
  body += "\"messages\":[{\"role\":\"user\",\"content\":\"";
  for (std::size_t i = 0; i < text_bytes; ++i) body += "lorem ipsum "[i % 12];
  return body + "\"}],\"temperature\":0.7}";
}

struct Case {
  const char* name;
  catalog::Endpoint endpoint;
  providers::BackendSpec backend;
  auth::Credential credential;
  const char* authority;
};

http::RequestHead* client_head(base::Arena& arena, const char* authority) {
  http::RequestHead* head = http::new_request_head(arena);
  head->method = "POST";
  head->authority = authority;
  for (const auto& [name, value] : {std::pair<const char*, const char*>{"accept", "*/*"},
                                    {"accept-encoding", "gzip, deflate"},
                                    {"content-type", "application/json"},
                                    {"user-agent", "OpenAI/Python 1.99.1"},
                                    {"x-stainless-lang", "python"},
                                    {"x-stainless-os", "Linux"},
                                    {"x-stainless-arch", "x64"},
                                    {"authorization", "Bearer sk-client"},
                                    {"anthropic-version", "2023-06-01"},
                                    {"anthropic-beta", "computer-use-2025-01-24"}}) {
    head->fields.add(name, value);
  }
  return head;
}

void bench_requests() {
  auth::Credential key;
  key.type = catalog::CredentialType::kApiKey;
  key.key = base::Secret("sk-gateway");
  auth::Credential aws;
  aws.type = catalog::CredentialType::kAwsCredentials;
  aws.aws = {"AKID", base::Secret("secret"), base::Secret(std::string(400, 't')), std::nullopt};
  aws.aws_region = "us-west-2";
  const Case cases[] = {
      {"chat -> OpenAI, bearer",
       catalog::Endpoint::kChatCompletions,
       {catalog::Schema::kOpenAi, "", "", ""},
       key,
       "api.openai.com"},
      {"chat -> OpenAI, other model, bearer",
       catalog::Endpoint::kChatCompletions,
       {catalog::Schema::kOpenAi, "", "", "gpt-4o-mini"},
       key,
       "api.openai.com"},
      {"messages -> AWSAnthropic, SigV4",
       catalog::Endpoint::kMessages,
       {catalog::Schema::kAwsAnthropic, "", "", ""},
       aws,
       "bedrock-runtime.us-west-2.amazonaws.com"},
  };
  json::Reader reader;
  auth::SigningKeyCache cache;
  base::Arena arena;
  const base::WallTime now{std::chrono::seconds(1'767'225'600)};
  for (const std::size_t bytes : {std::size_t{2000}, std::size_t{100'000}}) {
    const std::string body = request_body("anthropic.claude-3-haiku-20240307-v1:0", true, bytes);
    const json::PaddedText padded(body);
    std::printf("request of %zu bytes, streaming\n", body.size());
    const int calls = bytes > 10'000 ? 500 : 5'000;
    measure(
        "  scan_body, every token checked",
        [&] {
          arena.reset();
          if (!json::scan_body(reader, padded.view(), arena)) std::abort();
        },
        calls);
    for (const Case& c : cases) {
      base::Arena scanned;
      const auto scan = json::scan_body(reader, padded.view(), scanned);
      const providers::ClientRequest request{c.endpoint, padded.view(), &*scan, true};
      measure((std::string("  head only: ") + c.name).c_str(),
              [&] {
                arena.reset();
                client_head(arena, c.authority);
              },
              calls);
      measure((std::string("  head + prepare: ") + c.name).c_str(),
              [&] {
                arena.reset();
                http::RequestHead* head = client_head(arena, c.authority);
                if (!providers::prepare(c.backend, request, *head, arena)) std::abort();
              },
              calls);
      measure((std::string("  head + prepare + apply: ") + c.name).c_str(),
              [&] {
                arena.reset();
                http::RequestHead* head = client_head(arena, c.authority);
                const auto out = providers::prepare(c.backend, request, *head, arena);
                if (!auth::apply_credential(c.credential, *head, out->body, now, cache, arena)) {
                  std::abort();
                }
              },
              calls);
    }
  }
}

void bench_answers() {
  const std::string chunk =
      "data: {\"id\":\"chatcmpl-0123456789abcdefghijklmnop\",\"object\":\"chat.completion.chunk\","
      "\"created\":1767225600,\"model\":\"gpt-4o-2024-08-06\",\"system_fingerprint\":\"fp_"
      "0123456\","
      "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,"
      "\"finish_reason\":null}],\"usage\":null}\n\n";
  NullSink sink;
  std::printf("stream chunk of %zu bytes\n", chunk.size());
  formats::UsageScanner scanner(catalog::Format::kOpenAiChat, true);
  measure("  usage scanner, OpenAI", [&] { scanner.feed(chunk); });
  formats::OpenAiStreamFilter filter;
  measure("  usage chunk filter", [&] { filter.push(chunk, sink); });

  const std::string delta =
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" token"}})";
  const std::string event = "event: content_block_delta\ndata: " + delta + "\n\n";
  formats::UsageScanner anthropic(catalog::Format::kAnthropicMessages, true);
  measure("  usage scanner, Anthropic", [&] { anthropic.feed(event); });
  std::string frame;
  formats::append_event_stream_frame(
      frame,
      {{":event-type", "chunk"}, {":content-type", "application/json"}, {":message-type", "event"}},
      "{\"bytes\":\"" + base::base64_encode(delta) + "\",\"p\":\"abcdefghijklmnopqrstuvwxyz\"}");
  base::Arena arena;
  providers::InvokeAnswer answer;
  http::ResponseHead* head = http::new_response_head(arena);
  head->status = 200;
  head->framing = http::Framing::kChunked;
  head->fields.add("content-type", "application/vnd.amazon.eventstream");
  if (!answer.on_head(*head, arena)) std::abort();
  measure("  InvokeModel frame to event, usage included", [&] {
    if (!answer.push(frame, sink)) std::abort();
  });

  for (const std::size_t bytes : {std::size_t{2000}, std::size_t{1'000'000}}) {
    std::string whole =
        "{\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{"
        "\"role\":\"assistant\",\"content\":\"" +
        std::string(bytes, 'a') +
        "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,"
        "\"completion_tokens\":12,\"total_tokens\":21}}";
    measure(("  whole answer, text of " + std::to_string(bytes)).c_str(),
            [&] {
              formats::UsageScanner reader(catalog::Format::kOpenAiChat, false);
              reader.feed(whole);
            },
            2000);
    std::string vectors = "{\"data\":[{\"embedding\":[";
    while (vectors.size() < bytes) vectors += "-0.0123456,";
    vectors += "0]}],\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}";
    measure(("  whole answer, numbers of " + std::to_string(bytes)).c_str(),
            [&] {
              formats::UsageScanner reader(catalog::Format::kOpenAiEmbeddings, false);
              reader.feed(vectors);
            },
            2000);
  }
}

}  // namespace

int main() {
  bench_requests();
  bench_answers();
  return 0;
}
