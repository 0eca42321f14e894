// CPU time of the HTTP/1.1 codecs, the SSE decoder and the JSON scan; built on demand:
//   ninja -C build/release http_bench && build/release/http_bench
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/http/h1/encoder.h"
#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/http/h1/response_decoder.h"
#include "dataplane/http/hop_by_hop.h"
#include "dataplane/http/path.h"
#include "dataplane/http/sse.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/splice.h"
#include "dataplane/json/writer.h"

namespace base = tollgate::dataplane::base;
namespace http = tollgate::dataplane::http;
namespace h1 = tollgate::dataplane::http::h1;
namespace json = tollgate::dataplane::json;

namespace {

using Clock = std::chrono::steady_clock;

/// The best of several rounds in nanoseconds per call: the least disturbed one.
template <typename F>
void measure(const char* name, F&& once) {
  constexpr int kRounds = 9;
  constexpr int kCalls = 40'000;
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    for (int call = 0; call < kCalls; ++call) once();
    const std::chrono::duration<double, std::nano> spent = Clock::now() - start;
    if (spent.count() / kCalls < best) best = spent.count() / kCalls;
  }
  std::printf("%-44s %10.1f ns\n", name, best);
}

/// Keeps the compiler from dropping a result.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

constexpr std::string_view kRequest =
    "POST /v1/chat/completions HTTP/1.1\r\n"
    "Host: gateway.example.com\r\n"
    "Accept: application/json\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Content-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 1.99.1\r\n"
    "X-Stainless-Lang: python\r\n"
    "X-Stainless-Package-Version: 1.99.1\r\n"
    "X-Stainless-OS: Linux\r\n"
    "X-Stainless-Arch: x64\r\n"
    "X-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.2\r\n"
    "Authorization: Bearer sk-proj-0123456789abcdef0123456789abcdef0123456789\r\n"
    "X-Stainless-Async: false\r\n"
    "x-stainless-retry-count: 0\r\n"
    "x-stainless-read-timeout: 600\r\n"
    "Content-Length: 0\r\n"
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 0\r\n"
    "Connection: keep-alive\r\n"
    "access-control-expose-headers: X-Request-ID\r\n"
    "openai-organization: user-0123456789\r\n"
    "openai-processing-ms: 532\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-limit-tokens: 200000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-ratelimit-remaining-tokens: 199968\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
    "\r\n";

void bench_heads() {
  base::Arena arena;
  h1::RequestDecoder requests;
  std::printf("request head %zu bytes, response head %zu bytes\n", kRequest.size(),
              kResponse.size());
  measure("request: head and end", [&] {
    arena.reset();
    keep(requests.feed(kRequest, arena));
    keep(requests.feed({}, arena));
  });
  h1::ResponseDecoder responses;
  measure("response: head and end", [&] {
    arena.reset();
    responses.start("POST");
    keep(responses.feed(kResponse, arena));
    keep(responses.feed({}, arena));
  });
  arena.reset();
  http::RequestHead* head = requests.feed(kRequest, arena).head;
  base::Arena attempt;
  std::string out;
  measure("request: clone, strip, encode", [&] {
    attempt.reset();
    out.clear();
    http::RequestHead* copy = http::clone(*head, attempt);
    http::strip_hop_by_hop(copy->fields);
    keep(h1::write_request_head(*copy, out));
  });
  measure("path: already normal", [&] {
    attempt.reset();
    keep(http::normalize_path("/v1/chat/completions", {}, attempt));
  });
  measure("path: escapes and dots", [&] {
    attempt.reset();
    keep(http::normalize_path("/v1/%63hat/./x/../completions", {}, attempt));
  });
}

void bench_sse() {
  std::string stream;
  constexpr int kEvents = 64;
  for (int i = 0; i < kEvents; ++i) {
    stream +=
        "data: "
        "{\"id\":\"chatcmpl-0123456789abcdef0123456789\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\"default\","
        "\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
        "\" token\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
  }
  http::SseDecoder decoder;
  measure("sse: 64 events", [&] {
    std::string_view rest = stream;
    while (true) {
      const auto step = decoder.feed(rest);
      rest.remove_prefix(step.consumed);
      keep(step.event);
      if (step.what != http::SseDecoder::What::kEvent) break;
    }
  });
}

/// A chat request of about `bytes` bytes, with escapes, other scripts and a tool.
std::string chat_body(std::size_t bytes) {
  std::string out;
  json::Writer w(out);
  w.begin_object().member("model", "gpt-4o-mini").key("messages").begin_array();
  while (out.size() + 500 < bytes) {
    w.begin_object()
        .member("role", "user")
        .key("content")
        .value(
            "Write a short poem about \"rivers\" and\nmountains. Gr\u00fc\u00dfe, \u4f60\u597d. "
            "The "
            "quick brown fox jumps over the lazy dog, again and again, until the evening comes.");
    w.end_object();
  }
  w.end_array().key("tools").begin_array().begin_object().member("type", "function");
  w.raw_member("function",
               R"({"name":"get_weather","description":"Weather of a city","parameters":)"
               R"({"type":"object","properties":{"city":{"type":"string"},"unit":)"
               R"({"type":"string","enum":["c","f"]}},"required":["city"]}})");
  w.end_object().end_array();
  w.member("temperature", 0.7).member("max_tokens", 1024).member("stream", true).end_object();
  return out;
}

void bench_json(std::size_t bytes) {
  const std::string text = chat_body(bytes);
  const json::PaddedText padded(text);
  base::Arena arena;
  json::Reader reader;
  std::printf("chat body %zu bytes\n", text.size());
  measure("json: scan", [&] {
    arena.reset();
    keep(json::scan_body(reader, padded.view(), arena));
  });
  std::string out;
  measure("json: scan and splice a model", [&] {
    arena.reset();
    const auto scan = json::scan_body(reader, padded.view(), arena);
    json::Splice splice;
    json::set_model(*scan, "\"gpt-4o-2024-08-06\"", splice);
    splice.apply(padded.view(), out);
    keep(out);
  });
}

void bench_json_event() {
  const json::PaddedText event(
      R"({"id":"chatcmpl-0123456789abcdef0123456789","object":"chat.completion.chunk",)"
      R"("created":1700000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":)"
      R"({"content":" token"},"logprobs":null,"finish_reason":null}],"usage":null})");
  json::Reader reader;
  std::string out;
  measure("json: one stream event to another dialect", [&] {
    out.clear();
    const auto root = reader.open(event.view());
    auto choices = root->find("choices")->elements();
    choices->next();
    const auto content = choices->value().find({"delta", "content"});
    json::Writer w(out);
    w.begin_object().member("type", "content_block_delta").member("index", 0).key("delta");
    w.begin_object().member("type", "text_delta").raw_member("text", *content->raw());
    w.end_object().end_object();
    keep(out);
  });
}

}  // namespace

int main() {
  bench_heads();
  bench_sse();
  bench_json(2'000);
  bench_json(100'000);
  bench_json_event();
  return 0;
}
