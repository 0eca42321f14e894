#include "dataplane/json/writer.h"
#include "dataplane/mock/anthropic/messages.h"
#include "dataplane/mock/bedrock/api.h"

namespace tollgate::dataplane::mock::bedrock {

namespace {

void write_usage(json::Writer& writer, const Answer& answer) {
  const std::uint64_t input = answer.input_tokens - answer.cached_tokens;
  writer.key("usage").begin_object().member("inputTokens", input);
  writer.member("outputTokens", answer.output_tokens);
  writer.member("totalTokens", answer.input_tokens + answer.output_tokens);
  writer.member("cacheReadInputTokens", answer.cached_tokens);
  writer.member("cacheWriteInputTokens", 0).end_object();
  writer.key("metrics").begin_object().member("latencyMs", 210).end_object();
}

std::string tool_use_id(const Block& block) {
  return "tooluse_" + block.id;
}

void write_block(json::Writer& writer, const Block& block) {
  writer.begin_object();
  if (block.kind == PartKind::kToolCall) {
    writer.key("toolUse").begin_object().member("toolUseId", tool_use_id(block));
    writer.member("name", block.name).raw_member("input", block.whole()).end_object();
  } else if (block.kind == PartKind::kThinking) {
    writer.key("reasoningContent").begin_object().key("reasoningText").begin_object();
    writer.member("text", block.whole()).member("signature", block.signature);
    writer.end_object().end_object();
  } else {
    writer.member("text", block.whole());
  }
  writer.end_object();
}

/// Collects frames.
class Events {
 public:
  template <typename Write>
  void add(std::string_view type, Write&& write) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write(writer);
    writer.member("p", "abcdefghijklmn").end_object();
    list.push_back(event_message(type, out));
  }

  template <typename Write>
  void add_delta(std::size_t index, Write&& write) {
    add("contentBlockDelta", [&](json::Writer& writer) {
      writer.member("contentBlockIndex", static_cast<std::int64_t>(index));
      writer.key("delta").begin_object();
      write(writer);
      writer.end_object();
    });
  }

  /// Only tool calls have an event that begins them.
  void add_block(std::size_t index, const Block& block) {
    if (block.kind == PartKind::kToolCall) {
      add("contentBlockStart", [&](json::Writer& writer) {
        writer.member("contentBlockIndex", static_cast<std::int64_t>(index));
        writer.key("start").begin_object().key("toolUse").begin_object();
        writer.member("name", block.name).member("toolUseId", tool_use_id(block));
        writer.end_object().end_object();
      });
    }
    for (const std::string& piece : block.pieces) {
      add_delta(index, [&](json::Writer& writer) {
        if (block.kind == PartKind::kToolCall) {
          writer.key("toolUse").begin_object().member("input", piece).end_object();
        } else if (block.kind == PartKind::kThinking) {
          writer.key("reasoningContent").begin_object().member("text", piece).end_object();
        } else {
          writer.member("text", piece);
        }
      });
    }
    if (block.kind == PartKind::kThinking) {
      add_delta(index, [&](json::Writer& writer) {
        writer.key("reasoningContent").begin_object();
        writer.member("signature", block.signature).end_object();
      });
    }
    add("contentBlockStop", [&](json::Writer& writer) {
      writer.member("contentBlockIndex", static_cast<std::int64_t>(index));
    });
  }

  std::vector<std::string> list;
};

std::string whole(const Answer& answer) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("output").begin_object().key("message").begin_object();
  writer.member("role", "assistant").key("content").begin_array();
  for (const Block& block : answer.blocks) write_block(writer, block);
  writer.end_array().end_object().end_object().member("stopReason", anthropic::stop_reason(answer));
  write_usage(writer, answer);
  writer.end_object();
  return out;
}

}  // namespace

Reply converse(const Request& request) {
  Conversation chat;
  chat.model = request.model;
  const std::string problem = read_converse(request.body, false, chat);
  if (!problem.empty()) return typed_error(400, "ValidationException", problem);
  if (auto fault = early_fault(chat.directives, kShape, request.streamed)) return *fault;
  const Answer answer = play(chat);
  Headers headers{{"x-amzn-RequestId", make_id("", request.call)}};
  if (!request.streamed) {
    return send_whole(chat.directives, kShape, whole(answer), std::move(headers));
  }
  Events events;
  events.add("messageStart", [](json::Writer& writer) { writer.member("role", "assistant"); });
  for (std::size_t i = 0; i < answer.blocks.size(); ++i) events.add_block(i, answer.blocks[i]);
  events.add("messageStop", [&](json::Writer& writer) {
    writer.member("stopReason", anthropic::stop_reason(answer));
  });
  events.add("metadata", [&](json::Writer& writer) { write_usage(writer, answer); });
  return send_stream(chat.directives, kShape, std::move(events.list), 2, std::move(headers));
}

}  // namespace tollgate::dataplane::mock::bedrock
