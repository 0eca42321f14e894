#include <algorithm>

#include "dataplane/json/writer.h"
#include "dataplane/mock/providers.h"

namespace tollgate::dataplane::mock {

namespace {

void write_message_start(json::Writer& writer, std::string_view id, std::string_view model) {
  writer.begin_object().member("id", id).member("type", "message").member("role", "assistant");
  writer.member("model", model);
}

void write_usage(json::Writer& writer, std::uint64_t input, std::uint64_t output) {
  writer.key("usage").begin_object().member("input_tokens", input);
  writer.member("cache_creation_input_tokens", 0).member("cache_read_input_tokens", 0);
  writer.member("output_tokens", output).end_object();
}

std::string_view stop_reason(const Chat& chat, std::size_t parts) {
  const bool truncated = chat.max_tokens && chat.directives.chunks == 0 &&
                         *chat.max_tokens < static_cast<std::int64_t>(parts);
  return truncated ? "max_tokens" : "end_turn";
}

std::string message_start(const Chat& chat, std::string_view id, std::string_view model) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "message_start").key("message");
  write_message_start(writer, id, model);
  writer.key("content").begin_array().end_array();
  writer.key("stop_reason").null().key("stop_sequence").null();
  write_usage(writer, chat.input_tokens(), 1);
  writer.end_object().end_object();
  return out;
}

std::string text_delta(std::string_view text) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "content_block_delta").member("index", 0).key("delta");
  writer.begin_object().member("type", "text_delta").member("text", text).end_object();
  writer.end_object();
  return out;
}

std::string message_delta(const Chat& chat, std::size_t parts) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "message_delta").key("delta").begin_object();
  writer.member("stop_reason", stop_reason(chat, parts)).key("stop_sequence").null().end_object();
  writer.key("usage").begin_object();
  writer.member("output_tokens", chat.directives.output_tokens.value_or(parts)).end_object();
  writer.end_object();
  return out;
}

std::string event_bytes(const AnthropicEvent& event) {
  return "event: " + event.type + "\ndata: " + event.data + "\n\n";
}

}  // namespace

std::string anthropic_problem(const Chat& chat) {
  if (!chat.max_tokens) return "max_tokens: Field required";
  if (*chat.max_tokens < 1) return "max_tokens: Input should be greater than or equal to 1";
  if (chat.roles.empty()) return "messages: at least one message is required";
  if (chat.roles.front() != "user") return "messages: first message must use the \"user\" role";
  for (const std::string& role : chat.roles) {
    if (role != "user" && role != "assistant") {
      return "messages: Unexpected role \"" + role +
             "\". Allowed roles are \"user\" or \"assistant\"";
    }
  }
  return {};
}

std::string anthropic_message(const Chat& chat, std::string_view id, std::string_view model) {
  std::string text;
  const std::vector<std::string> parts = reply_parts(chat);
  for (const std::string& part : parts) text += part;
  std::string out;
  json::Writer writer(out);
  write_message_start(writer, id, model);
  writer.key("content").begin_array().begin_object().member("type", "text").member("text", text);
  writer.end_object().end_array();
  writer.member("stop_reason", stop_reason(chat, parts.size())).key("stop_sequence").null();
  write_usage(writer, chat.input_tokens(), chat.directives.output_tokens.value_or(parts.size()));
  writer.end_object();
  return out;
}

std::vector<AnthropicEvent> anthropic_events(const Chat& chat, std::string_view id,
                                             std::string_view model) {
  const std::vector<std::string> parts = reply_parts(chat);
  std::vector<AnthropicEvent> events;
  events.push_back({"message_start", message_start(chat, id, model)});
  events.push_back({"content_block_start", R"({"type":"content_block_start","index":0,)"
                                           R"("content_block":{"type":"text","text":""}})"});
  for (const std::string& part : parts) events.push_back({"content_block_delta", text_delta(part)});
  events.push_back({"content_block_stop", R"({"type":"content_block_stop","index":0})"});
  events.push_back({"message_delta", message_delta(chat, parts.size())});
  events.push_back({"message_stop", R"({"type":"message_stop"})"});
  return events;
}

Reply anthropic_error(int status, std::string_view type, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "application/json"}};
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "error").key("error").begin_object();
  writer.member("type", type).member("message", message).end_object().end_object();
  reply.chunks.push_back({std::move(out), {}});
  return reply;
}

Reply answer_anthropic(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  if (head.path != "/" + host.prefix + "/messages" || head.method != "POST") {
    return anthropic_error(404, "not_found_error", "Not found");
  }
  if (!head.fields.contains("anthropic-version")) {
    return anthropic_error(400, "invalid_request_error", "anthropic-version: header is required");
  }
  if (head.framing != http::Framing::kLength) {
    return anthropic_error(411, "invalid_request_error", "A Content-Length is required.");
  }
  const auto chat = parse_chat(call.body);
  if (!chat) return anthropic_error(400, "invalid_request_error", "The body is not valid JSON.");
  if (!chat->has("model")) {
    return anthropic_error(400, "invalid_request_error", "model: Field required");
  }
  const std::string problem = anthropic_problem(*chat);
  if (!problem.empty()) return anthropic_error(400, "invalid_request_error", problem);
  if (!host.models.empty() &&
      std::find(host.models.begin(), host.models.end(), chat->model) == host.models.end()) {
    return anthropic_error(404, "not_found_error", "model: " + chat->model);
  }
  if (chat->directives.status != 0) {
    return anthropic_error(chat->directives.status, "api_error", "As the request asked.");
  }
  const std::string id = make_id("msg_", call);
  Reply reply;
  if (!chat->stream) {
    reply.headers = {{"content-type", "application/json"}};
    reply.chunks.push_back({anthropic_message(*chat, id, chat->model), chat->directives.delay});
    if (chat->directives.hang) reply.end = End::kHang;
    return reply;
  }
  reply.streamed = true;
  reply.headers = {{"content-type", "text/event-stream; charset=utf-8"}};
  for (const AnthropicEvent& event : anthropic_events(*chat, id, chat->model)) {
    reply.chunks.push_back({event_bytes(event), chat->directives.delay});
  }
  apply_stream_faults(
      chat->directives,
      event_bytes(
          {"error",
           R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}),
      reply);
  return reply;
}

}  // namespace tollgate::dataplane::mock
