#include <zlib.h>

#include <algorithm>

#include "dataplane/base/hash.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/providers.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::size_t kPreludeBytes = 8;
constexpr std::size_t kCrcBytes = 4;
constexpr char kStringHeader = 7;
constexpr std::string_view kVersion = "bedrock-2023-05-31";

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 255U));
  }
}

std::uint32_t crc(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// "/model/ID/invoke" with ID percent-decoded once; a ':' must come as %3A, which is what the SDKs
/// send and sign.
struct Operation {
  std::string model;
  std::string_view action;
};

bool parse_path(std::string_view path, Operation& operation) {
  constexpr std::string_view kRoot = "/model/";
  if (path.substr(0, kRoot.size()) != kRoot) return false;
  path.remove_prefix(kRoot.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  operation.action = path.substr(slash + 1);
  const std::string_view id = path.substr(0, slash);
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (id[i] == ':') return false;
    if (id[i] != '%') {
      operation.model.push_back(id[i]);
      continue;
    }
    if (id.substr(i, 3) == "%3A")
      operation.model.push_back(':');
    else if (id.substr(i, 3) == "%2F")
      operation.model.push_back('/');
    else
      return false;
    i += 2;
  }
  return true;
}

std::string body_problem(const Chat& chat) {
  if (chat.anthropic_version != kVersion) return "anthropic_version: Field required";
  for (const char* extra : {"model", "stream", "stream_options"}) {
    if (chat.has(extra)) return std::string(extra) + ": Extra inputs are not permitted";
  }
  return anthropic_problem(chat);
}

std::string with_metrics(const std::string& data, const Chat& chat, std::size_t output) {
  std::string out = data.substr(0, data.size() - 1);
  out += R"(,"amazon-bedrock-invocationMetrics":{"inputTokenCount":)";
  out += std::to_string(chat.input_tokens());
  out += R"(,"outputTokenCount":)" + std::to_string(output);
  out += R"(,"invocationLatency":210,"firstByteLatency":120}})";
  return out;
}

std::string chunk_message(std::string_view event_json) {
  std::string payload;
  json::Writer writer(payload);
  writer.begin_object().member("bytes", base::base64_encode(event_json));
  writer.member("p", "abcdefghijkl").end_object();
  return event_stream_message(
      {{":event-type", "chunk"}, {":content-type", "application/json"}, {":message-type", "event"}},
      payload);
}

Reply stream(const Chat& chat, std::string_view id, std::string_view model) {
  Reply reply;
  reply.streamed = true;
  reply.headers = {{"content-type", "application/vnd.amazon.eventstream"},
                   {"x-amzn-bedrock-content-type", "application/json"}};
  const std::size_t output = chat.directives.output_tokens.value_or(reply_parts(chat).size());
  for (const AnthropicEvent& event : anthropic_events(chat, id, model)) {
    const bool last = event.type == "message_stop";
    reply.chunks.push_back(
        {chunk_message(last ? with_metrics(event.data, chat, output) : event.data),
         chat.directives.delay});
  }
  apply_stream_faults(chat.directives,
                      event_stream_message({{":exception-type", "throttlingException"},
                                            {":content-type", "application/json"},
                                            {":message-type", "exception"}},
                                           R"({"message":"Too many tokens, please wait."})"),
                      reply);
  return reply;
}

}  // namespace

std::string event_stream_message(const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view payload) {
  std::string encoded;
  for (const auto& [name, value] : headers) {
    encoded.push_back(static_cast<char>(name.size()));
    encoded += name;
    encoded.push_back(kStringHeader);
    encoded.push_back(static_cast<char>(value.size() >> 8U));
    encoded.push_back(static_cast<char>(value.size() & 255U));
    encoded += value;
  }
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(kPreludeBytes + 2 * kCrcBytes + encoded.size() +
                                             payload.size()));
  append_u32(out, static_cast<std::uint32_t>(encoded.size()));
  append_u32(out, crc(out));
  out += encoded;
  out += payload;
  append_u32(out, crc(out));
  return out;
}

Reply bedrock_error(int status, std::string_view type, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "application/json"},
                   {"x-amzn-ErrorType", std::string(type)},
                   {"x-amzn-RequestId", "3f1c2a00-0000-4000-8000-000000000000"}};
  std::string out;
  json::Writer(out).begin_object().member("message", message).end_object();
  reply.chunks.push_back({std::move(out), {}});
  return reply;
}

Reply answer_bedrock(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  Operation operation;
  const bool known =
      parse_path(head.path, operation) &&
      (operation.action == "invoke" || operation.action == "invoke-with-response-stream");
  if (!known || head.method != "POST") {
    return bedrock_error(404, "UnknownOperationException", "Unknown operation.");
  }
  if (head.framing != http::Framing::kLength) {
    return bedrock_error(411, "ValidationException", "A Content-Length is required.");
  }
  if (!host.models.empty() &&
      std::find(host.models.begin(), host.models.end(), operation.model) == host.models.end()) {
    return bedrock_error(400, "ValidationException", "The provided model identifier is invalid.");
  }
  const auto chat = parse_chat(call.body);
  if (!chat) return bedrock_error(400, "ValidationException", "Malformed input request.");
  const std::string problem = body_problem(*chat);
  if (!problem.empty()) return bedrock_error(400, "ValidationException", problem);
  if (chat->directives.status != 0) {
    const bool throttled = chat->directives.status == 429;
    return bedrock_error(chat->directives.status,
                         throttled ? "ThrottlingException" : "InternalServerException",
                         "As the request asked.");
  }
  Chat named = *chat;
  named.model = operation.model;
  const std::string id = make_id("msg_bdrk_", call);
  if (operation.action != "invoke") return stream(named, id, operation.model);
  Reply reply;
  reply.headers = {{"content-type", "application/json"},
                   {"x-amzn-RequestId", "3f1c2a00-0000-4000-8000-000000000000"}};
  reply.chunks.push_back({anthropic_message(named, id, operation.model), named.directives.delay});
  if (named.directives.hang) reply.end = End::kHang;
  return reply;
}

}  // namespace tollgate::dataplane::mock
