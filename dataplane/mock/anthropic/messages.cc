#include "dataplane/mock/anthropic/messages.h"

#include <array>
#include <utility>

#include "dataplane/json/writer.h"

namespace tollgate::dataplane::mock::anthropic {

namespace {

constexpr std::array<std::pair<int, std::string_view>, 9> kTypes{{
    {401, "authentication_error"},
    {402, "billing_error"},
    {403, "permission_error"},
    {404, "not_found_error"},
    {413, "request_too_large"},
    {429, "rate_limit_error"},
    {500, "api_error"},
    {504, "timeout_error"},
    {529, "overloaded_error"},
}};

std::string_view type_of(int status) {
  for (const auto& [number, type] : kTypes) {
    if (number == status) return type;
  }
  return status < 500 ? "invalid_request_error" : "api_error";
}

void write_stop(json::Writer& writer, const Answer& answer) {
  writer.member("stop_reason", stop_reason(answer)).key("stop_sequence");
  answer.stop == Stop::kStopSequence ? writer.value(answer.stop_sequence) : writer.null();
}

void write_message_start(json::Writer& writer, std::string_view id, std::string_view model) {
  writer.begin_object().member("id", id).member("type", "message").member("role", "assistant");
  writer.member("model", model);
}

void write_usage(json::Writer& writer, const Answer& answer, std::uint64_t output) {
  writer.key("usage").begin_object();
  writer.member("input_tokens", answer.input_tokens - answer.cached_tokens);
  writer.member("cache_creation_input_tokens", 0);
  writer.member("cache_read_input_tokens", answer.cached_tokens);
  writer.member("output_tokens", output).member("service_tier", "standard").end_object();
}

/// `whole`: with what the block holds; else as it is when it begins.
void write_block(json::Writer& writer, const Block& block, bool whole) {
  const std::string text = whole ? block.whole() : std::string();
  writer.begin_object();
  if (block.kind == PartKind::kToolCall) {
    writer.member("type", "tool_use").member("id", "toolu_" + block.id);
    writer.member("name", block.name).raw_member("input", whole ? text : "{}");
  } else if (block.kind == PartKind::kThinking) {
    writer.member("type", "thinking").member("thinking", text);
    writer.member("signature", whole ? block.signature : std::string());
  } else {
    writer.member("type", "text").member("text", text);
  }
  writer.end_object();
}

/// Collects events.
class Events {
 public:
  template <typename Write>
  void add(std::string_view type, Write&& write) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("type", type);
    write(writer);
    writer.end_object();
    list.push_back({std::string(type), std::move(out)});
  }

  void add_delta(std::size_t index, std::string_view type, std::string_view member,
                 std::string_view piece) {
    add("content_block_delta", [&](json::Writer& writer) {
      writer.member("index", static_cast<std::int64_t>(index)).key("delta").begin_object();
      writer.member("type", type).member(member, piece).end_object();
    });
  }

  void add_block(std::size_t index, const Block& block) {
    add("content_block_start", [&](json::Writer& writer) {
      writer.member("index", static_cast<std::int64_t>(index)).key("content_block");
      write_block(writer, block, false);
    });
    for (const std::string& piece : block.pieces) {
      if (block.kind == PartKind::kToolCall) {
        add_delta(index, "input_json_delta", "partial_json", piece);
      } else if (block.kind == PartKind::kThinking) {
        add_delta(index, "thinking_delta", "thinking", piece);
      } else {
        add_delta(index, "text_delta", "text", piece);
      }
      // Pings come at any time.
      if (index == 0 && &piece == &block.pieces.front()) add("ping", [](json::Writer&) {});
    }
    if (block.kind == PartKind::kThinking) {
      add_delta(index, "signature_delta", "signature", block.signature);
    }
    add("content_block_stop",
        [&](json::Writer& writer) { writer.member("index", static_cast<std::int64_t>(index)); });
  }

  std::vector<Event> list;
};

std::string error_event() {
  return sse_event(
      "error", R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
}

std::string frame(std::string_view type, std::string_view json) {
  return sse_event(type, json);
}

/// Versions are days: 2023-06-01 and every later one that an SDK sends.
bool is_date(std::string_view version) {
  constexpr std::string_view kForm = "0000-00-00";
  if (version.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < version.size(); ++i) {
    const bool digit = version[i] >= '0' && version[i] <= '9';
    if (kForm[i] == '0' ? !digit : version[i] != kForm[i]) return false;
  }
  return version >= "2023-01-01";
}

std::optional<Reply> check_version(const Call& call) {
  const std::string_view version = call.head->fields.value_of("anthropic-version");
  if (version.empty()) return error(400, "anthropic-version: header is required");
  if (is_date(version)) return std::nullopt;
  return error(400, "anthropic-version: \"" + std::string(version) + "\" is not a valid version");
}

}  // namespace

std::string_view stop_reason(const Answer& answer) {
  switch (answer.stop) {
    case Stop::kLength:
      return "max_tokens";
    case Stop::kStopSequence:
      return "stop_sequence";
    case Stop::kToolCalls:
      return "tool_use";
    case Stop::kEnd:
      return "end_turn";
  }
  return "end_turn";
}

const Shape kShape{&error, &error_event, &frame, "text/event-stream; charset=utf-8",
                   "content_block_delta"};

Reply error(int status, std::string_view message) {
  constexpr std::string_view kRequestId = "req_mock0000000000000000000001";
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "error").key("error").begin_object();
  writer.member("type", type_of(status)).member("message", message).end_object();
  writer.member("request_id", kRequestId).end_object();
  Headers headers{{"request-id", std::string(kRequestId)}};
  if (status == 429) headers.emplace_back("retry-after", "1");
  return json_reply(status, std::move(out), std::move(headers));
}

std::vector<Event> make_events(const Conversation& chat, const Answer& answer,
                               std::string_view id) {
  Events events;
  events.add("message_start", [&](json::Writer& writer) {
    writer.key("message");
    write_message_start(writer, id, chat.model);
    writer.key("content").begin_array().end_array();
    writer.key("stop_reason").null().key("stop_sequence").null();
    write_usage(writer, answer, 1);
    writer.end_object();
  });
  for (std::size_t i = 0; i < answer.blocks.size(); ++i) events.add_block(i, answer.blocks[i]);
  events.add("message_delta", [&](json::Writer& writer) {
    writer.key("delta").begin_object();
    write_stop(writer, answer);
    writer.end_object().key("usage").begin_object();
    writer.member("output_tokens", answer.output_tokens).end_object();
  });
  events.add("message_stop", [](json::Writer&) {});
  return std::move(events.list);
}

std::string make_message(const Conversation& chat, const Answer& answer, std::string_view id) {
  std::string out;
  json::Writer writer(out);
  write_message_start(writer, id, chat.model);
  writer.key("content").begin_array();
  for (const Block& block : answer.blocks) write_block(writer, block, true);
  writer.end_array();
  write_stop(writer, answer);
  write_usage(writer, answer, answer.output_tokens);
  writer.end_object();
  return out;
}

Reply reply_to(const Conversation& chat, const Call& call, std::string_view id_prefix) {
  if (auto fault = early_fault(chat.directives, kShape, chat.stream)) return *fault;
  const Answer answer = play(chat);
  const std::string id = make_id(id_prefix, call);
  Headers headers{{"request-id", make_id("req_", call)}};
  if (!chat.stream) {
    return send_whole(chat.directives, kShape, make_message(chat, answer, id), std::move(headers));
  }
  std::vector<std::string> events;
  for (const Event& event : make_events(chat, answer, id)) {
    events.push_back(sse_event(event.type, event.data));
  }
  return send_stream(chat.directives, kShape, std::move(events), kClosingEvents,
                     std::move(headers));
}

std::string make_count(const Conversation& chat) {
  std::string out;
  json::Writer(out).begin_object().member("input_tokens", chat.input_tokens()).end_object();
  return out;
}

Reply answer(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  const std::string root = (host.prefix.empty() ? "" : "/" + host.prefix) + "/messages";
  const bool count = head.path == root + "/count_tokens";
  if ((head.path != root && !count) || head.method != "POST") return error(404, "Not found");
  if (auto refused = check_version(call)) return *refused;
  if (auto refused = check_framing(call, kShape)) return *refused;
  json::Reader reader;
  const auto body = reader.open(call.body);
  if (!body || body->type() != json::Type::kObject) {
    return error(400, "The request body is not valid JSON");
  }
  Conversation chat;
  const std::string problem =
      read_messages(*body, count ? Envelope::kCount : Envelope::kDirect, chat);
  if (!problem.empty()) return error(400, problem);
  if (!has_model(host, chat.model)) return error(404, "model: " + chat.model);
  if (!count) return reply_to(chat, call, "msg_");
  if (auto fault = early_fault(chat.directives, kShape, false)) return *fault;
  return send_whole(chat.directives, kShape, make_count(chat));
}

}  // namespace tollgate::dataplane::mock::anthropic
