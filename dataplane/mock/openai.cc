#include <algorithm>

#include "dataplane/json/writer.h"
#include "dataplane/mock/providers.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::size_t kEmbeddingSize = 8;

std::string_view kind_name(bool chat, bool stream) {
  if (!chat) return "text_completion";
  return stream ? "chat.completion.chunk" : "chat.completion";
}

struct Answer {
  const Chat& chat;
  bool is_chat;
  std::string id;
  std::int64_t created;
  std::vector<std::string> parts;
  [[nodiscard]] std::uint64_t output_tokens() const {
    return chat.directives.output_tokens.value_or(parts.size());
  }
  [[nodiscard]] bool truncated() const {
    return chat.max_tokens && *chat.max_tokens < static_cast<std::int64_t>(parts.size()) &&
           chat.directives.chunks == 0;
  }
};

void write_start(json::Writer& writer, const Answer& answer, bool stream) {
  writer.begin_object().member("id", answer.id);
  writer.member("object", kind_name(answer.is_chat, stream)).member("created", answer.created);
  writer.member("model", answer.chat.model);
}

void write_usage(json::Writer& writer, const Answer& answer) {
  const std::uint64_t input = answer.chat.input_tokens();
  writer.key("usage").begin_object().member("prompt_tokens", input);
  writer.member("completion_tokens", answer.output_tokens());
  writer.member("total_tokens", input + answer.output_tokens());
  writer.key("prompt_tokens_details").begin_object().member("cached_tokens", 0).end_object();
  writer.end_object();
}

std::string event(std::string_view data) {
  return "data: " + std::string(data) + "\n\n";
}

std::string delta_event(const Answer& answer, std::string_view text, bool first,
                        std::string_view finish) {
  std::string out;
  json::Writer writer(out);
  write_start(writer, answer, true);
  writer.key("choices").begin_array().begin_object().member("index", 0);
  if (answer.is_chat) {
    writer.key("delta").begin_object();
    if (first) writer.member("role", "assistant");
    if (finish.empty()) writer.member("content", text);
    writer.end_object();
  } else {
    writer.member("text", text);
  }
  writer.key("logprobs").null().key("finish_reason");
  finish.empty() ? writer.null() : writer.value(finish);
  writer.end_object().end_array();
  if (answer.chat.include_usage) writer.key("usage").null();
  writer.end_object();
  return event(out);
}

std::string usage_event(const Answer& answer) {
  std::string out;
  json::Writer writer(out);
  write_start(writer, answer, true);
  writer.key("choices").begin_array().end_array();
  write_usage(writer, answer);
  writer.end_object();
  return event(out);
}

Reply streamed(const Answer& answer) {
  Reply reply;
  reply.streamed = true;
  reply.headers = {{"content-type", "text/event-stream; charset=utf-8"},
                   {"cache-control", "no-cache"}};
  const Directives& directives = answer.chat.directives;
  for (std::size_t i = 0; i < answer.parts.size(); ++i) {
    reply.chunks.push_back({delta_event(answer, answer.parts[i], i == 0, {}), directives.delay});
  }
  const std::string_view finish = answer.truncated() ? "length" : "stop";
  reply.chunks.push_back({delta_event(answer, "", false, finish), directives.delay});
  if (answer.chat.include_usage) reply.chunks.push_back({usage_event(answer), {}});
  reply.chunks.push_back({"data: [DONE]\n\n", {}});
  apply_stream_faults(directives,
                      event(R"({"error":{"message":"The server had an error while processing )"
                            R"(your request","type":"server_error","param":null,"code":null}})"),
                      reply);
  return reply;
}

Reply whole(const Answer& answer) {
  std::string out;
  std::string text;
  for (const std::string& part : answer.parts) text += part;
  json::Writer writer(out);
  write_start(writer, answer, false);
  writer.key("choices").begin_array().begin_object().member("index", 0);
  if (answer.is_chat) {
    writer.key("message").begin_object().member("role", "assistant");
    writer.member("content", text).key("refusal").null().end_object();
  } else {
    writer.member("text", text);
  }
  writer.key("logprobs").null().member("finish_reason", answer.truncated() ? "length" : "stop");
  writer.end_object().end_array();
  write_usage(writer, answer);
  writer.end_object();
  Reply reply;
  reply.headers = {{"content-type", "application/json"}};
  reply.chunks.push_back({std::move(out), answer.chat.directives.delay});
  if (answer.chat.directives.cut_after) {
    reply.chunks.front().bytes.resize(
        std::min(*answer.chat.directives.cut_after, reply.chunks.front().bytes.size()));
    reply.end = End::kReset;
  }
  if (answer.chat.directives.hang) reply.end = End::kHang;
  return reply;
}

Reply embeddings(const Chat& chat) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("object", "list").key("data").begin_array();
  for (std::size_t i = 0; i < chat.inputs; ++i) {
    writer.begin_object().member("object", "embedding").member("index", static_cast<int>(i));
    writer.key("embedding").begin_array();
    for (std::size_t j = 0; j < kEmbeddingSize; ++j) {
      writer.value(static_cast<double>((chat.text_bytes * (i + 1) + j) % 17) / 17.0);
    }
    writer.end_array().end_object();
  }
  writer.end_array().member("model", chat.model);
  writer.key("usage").begin_object().member("prompt_tokens", chat.input_tokens());
  writer.member("total_tokens", chat.input_tokens()).end_object().end_object();
  Reply reply;
  reply.headers = {{"content-type", "application/json"}};
  reply.chunks.push_back({std::move(out), chat.directives.delay});
  return reply;
}

std::string missing_field(std::string_view endpoint, const Chat& chat) {
  if (!chat.has("model")) return "model";
  if (endpoint == "chat/completions" && chat.roles.empty()) return "messages";
  if (endpoint == "completions" && !chat.has("prompt")) return "prompt";
  if (endpoint == "embeddings" && !chat.has("input")) return "input";
  return {};
}

}  // namespace

Reply openai_error(int status, std::string_view type, std::string_view message,
                   std::string_view code) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"content-type", "application/json"}};
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("error").begin_object().member("message", message);
  writer.member("type", type).key("param").null().key("code");
  code.empty() ? writer.null() : writer.value(code);
  writer.end_object().end_object();
  reply.chunks.push_back({std::move(out), {}});
  return reply;
}

Reply answer_openai(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  const std::string root = "/" + host.prefix + "/";
  const std::string_view endpoint =
      head.path.substr(0, root.size()) == root ? head.path.substr(root.size()) : std::string_view();
  const bool known =
      endpoint == "chat/completions" || endpoint == "completions" || endpoint == "embeddings";
  if (!known || head.method != "POST") {
    return openai_error(
        404, "invalid_request_error",
        "Invalid URL (" + std::string(head.method) + " " + std::string(head.path) + ")");
  }
  if (head.framing != http::Framing::kLength) {
    return openai_error(411, "invalid_request_error", "A Content-Length is required.");
  }
  if (head.fields.value_of("content-type").substr(0, 16) != "application/json") {
    return openai_error(415, "invalid_request_error", "The body must be application/json.");
  }
  const auto chat = parse_chat(call.body);
  if (!chat) return openai_error(400, "invalid_request_error", "We could not parse the JSON body.");
  const std::string missing = missing_field(endpoint, *chat);
  if (!missing.empty()) {
    return openai_error(400, "invalid_request_error",
                        "Missing required parameter: '" + missing + "'.",
                        "missing_required_parameter");
  }
  if (!host.models.empty() &&
      std::find(host.models.begin(), host.models.end(), chat->model) == host.models.end()) {
    return openai_error(404, "invalid_request_error",
                        "The model `" + chat->model + "` does not exist.", "model_not_found");
  }
  if (chat->directives.status != 0) {
    return openai_error(chat->directives.status, "server_error", "As the request asked.");
  }
  if (endpoint == "embeddings") return embeddings(*chat);
  const bool is_chat = endpoint == "chat/completions";
  const Answer answer{*chat, is_chat, make_id(is_chat ? "chatcmpl-" : "cmpl-", call),
                      std::chrono::system_clock::to_time_t(call.now), reply_parts(*chat)};
  return chat->stream ? streamed(answer) : whole(answer);
}

}  // namespace tollgate::dataplane::mock
