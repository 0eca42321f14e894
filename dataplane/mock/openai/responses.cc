#include "dataplane/mock/openai/responses.h"

#include <algorithm>

#include "dataplane/json/writer.h"

namespace tollgate::dataplane::mock::openai {

namespace {

struct Context {
  const Conversation& chat;
  const Answer& answer;
  std::string id;  // what all identifiers are made of
  std::int64_t created;
  bool encrypted;  // reasoning comes with its encrypted content
};

std::string item_id(const Context& context, const Block& block, std::size_t index) {
  const std::string_view prefix = block.kind == PartKind::kToolCall   ? "fc_"
                                  : block.kind == PartKind::kThinking ? "rs_"
                                                                      : "msg_";
  return std::string(prefix) + context.id + std::to_string(index);
}

/// `whole`: with what it holds; else as it is when it begins.
void write_item(json::Writer& writer, const Context& context, std::size_t index, bool whole) {
  const Block& block = context.answer.blocks[index];
  const std::string_view status = whole ? "completed" : "in_progress";
  writer.begin_object().member("id", item_id(context, block, index));
  const std::string text = whole ? block.whole() : std::string();
  if (block.kind == PartKind::kThinking) {
    writer.member("type", "reasoning").key("summary").begin_array();
    if (whole) {
      writer.begin_object().member("type", "summary_text").member("text", text).end_object();
    }
    writer.end_array();
    if (context.encrypted) writer.member("encrypted_content", seal(block.whole()));
  } else if (block.kind == PartKind::kToolCall) {
    writer.member("type", "function_call").member("status", status);
    writer.member("call_id", "call_" + block.id).member("name", block.name);
    writer.member("arguments", text);
  } else {
    writer.member("type", "message").member("status", status).member("role", "assistant");
    writer.key("content").begin_array();
    if (whole) {
      writer.begin_object().member("type", "output_text").member("text", text);
      writer.key("annotations").begin_array().end_array();
      writer.key("logprobs").begin_array().end_array().end_object();
    }
    writer.end_array();
  }
  writer.end_object();
}

void write_usage(json::Writer& writer, const Answer& answer) {
  writer.key("usage").begin_object().member("input_tokens", answer.input_tokens);
  writer.key("input_tokens_details").begin_object();
  writer.member("cached_tokens", answer.cached_tokens).end_object();
  writer.member("output_tokens", answer.output_tokens);
  writer.key("output_tokens_details").begin_object();
  writer.member("reasoning_tokens", answer.thinking_tokens).end_object();
  writer.member("total_tokens", answer.input_tokens + answer.output_tokens).end_object();
}

void write_response(json::Writer& writer, const Context& context, bool whole) {
  const bool cut = context.answer.stop == Stop::kLength;
  writer.begin_object().member("id", "resp_" + context.id).member("object", "response");
  writer.member("created_at", context.created);
  writer.member("status", !whole ? "in_progress" : cut ? "incomplete" : "completed");
  writer.key("error").null().key("incomplete_details");
  if (whole && cut) {
    writer.begin_object().member("reason", "max_output_tokens").end_object();
  } else {
    writer.null();
  }
  writer.key("instructions").null().key("max_output_tokens");
  context.chat.max_tokens ? writer.value(*context.chat.max_tokens) : writer.null();
  writer.member("model", context.chat.model).key("output").begin_array();
  for (std::size_t i = 0; whole && i < context.answer.blocks.size(); ++i) {
    write_item(writer, context, i, true);
  }
  writer.end_array().member("parallel_tool_calls", true).key("previous_response_id").null();
  writer.member("store", false).member("temperature", 1.0).member("top_p", 1.0);
  writer.member("tool_choice", "auto").key("tools").begin_array().end_array();
  writer.member("truncation", "disabled").key("metadata").begin_object().end_object();
  if (whole) {
    write_usage(writer, context.answer);
  } else {
    writer.key("usage").null();
  }
  writer.end_object();
}

/// Collects the events of a stream, each with its number.
class Events {
 public:
  explicit Events(const Context& context) : context_(context) {}

  template <typename Write>
  void add(std::string_view type, Write&& write) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("type", type);
    writer.member("sequence_number", static_cast<std::int64_t>(list.size()));
    write(writer);
    writer.end_object();
    list.push_back(sse_event(type, out));
  }

  void add_response(std::string_view type, bool whole) {
    add(type, [&](json::Writer& writer) {
      writer.key("response");
      write_response(writer, context_, whole);
    });
  }

  void add_item(std::size_t index) {
    const Block& block = context_.answer.blocks[index];
    add("response.output_item.added", [&](json::Writer& writer) {
      writer.member("output_index", static_cast<std::int64_t>(index)).key("item");
      write_item(writer, context_, index, false);
    });
    if (block.kind == PartKind::kToolCall) {
      add_pieces(index, "response.function_call_arguments", "arguments", {}, {});
    } else if (block.kind == PartKind::kThinking) {
      add_pieces(index, "response.reasoning_summary_text", "text", "summary_index",
                 "response.reasoning_summary_part");
    } else {
      add_pieces(index, "response.output_text", "text", "content_index", "response.content_part");
    }
    add("response.output_item.done", [&](json::Writer& writer) {
      writer.member("output_index", static_cast<std::int64_t>(index)).key("item");
      write_item(writer, context_, index, true);
    });
  }

  std::vector<std::string> list;

 private:
  void write_place(json::Writer& writer, std::size_t index, std::string_view counter) {
    writer.member("item_id", item_id(context_, context_.answer.blocks[index], index));
    writer.member("output_index", static_cast<std::int64_t>(index));
    if (!counter.empty()) writer.member(counter, 0);
  }

  void add_part(std::size_t index, std::string_view type, std::string_view counter, bool whole) {
    const Block& block = context_.answer.blocks[index];
    add(type, [&](json::Writer& writer) {
      write_place(writer, index, counter);
      const bool thinking = block.kind == PartKind::kThinking;
      writer.key("part").begin_object();
      writer.member("type", thinking ? "summary_text" : "output_text");
      writer.member("text", whole ? block.whole() : std::string());
      if (!thinking) writer.key("annotations").begin_array().end_array();
      writer.end_object();
    });
  }

  void add_pieces(std::size_t index, const std::string& type, std::string_view member,
                  std::string_view counter, const std::string& part) {
    const Block& block = context_.answer.blocks[index];
    if (!part.empty()) add_part(index, part + ".added", counter, false);
    for (const std::string& piece : block.pieces) {
      add(type + ".delta", [&](json::Writer& writer) {
        write_place(writer, index, counter);
        writer.member("delta", piece);
        if (member == "text" && counter == "content_index") {
          writer.key("logprobs").begin_array().end_array();
        }
      });
    }
    add(type + ".done", [&](json::Writer& writer) {
      write_place(writer, index, counter);
      writer.member(member, block.whole());
      if (block.kind == PartKind::kToolCall) writer.member("name", block.name);
      if (member == "text" && counter == "content_index") {
        writer.key("logprobs").begin_array().end_array();
      }
    });
    if (!part.empty()) add_part(index, part + ".done", counter, true);
  }

  const Context& context_;
};

std::string error_event() {
  return sse_event("error",
                   R"({"type":"error","code":"server_error","message":"The server had an error )"
                   R"(while processing your request","param":null,"sequence_number":3})");
}

std::string frame(std::string_view type, std::string_view json) {
  return sse_event(type, json);
}

const Shape kResponsesShape{&error, &error_event, &frame, "text/event-stream; charset=utf-8",
                            "response.output_text.delta"};

}  // namespace

Reply responses(const Request& request) {
  Conversation chat;
  if (auto refused = read_responses(request, chat)) return *refused;
  if (auto fault = early_fault(chat.directives, kResponsesShape, chat.stream)) return *fault;
  const Answer answer = play(chat);
  const std::vector<std::string> include = texts_of(request.body, "include");
  const bool encrypted =
      std::find(include.begin(), include.end(), "reasoning.encrypted_content") != include.end();
  const Context context{chat, answer, make_id("", request.call), unix_seconds(request.call),
                        encrypted};
  if (!chat.stream) {
    std::string out;
    json::Writer writer(out);
    write_response(writer, context, true);
    return send_whole(chat.directives, kResponsesShape, std::move(out));
  }
  Events events(context);
  events.add_response("response.created", false);
  events.add_response("response.in_progress", false);
  for (std::size_t i = 0; i < answer.blocks.size(); ++i) events.add_item(i);
  events.add_response(answer.stop == Stop::kLength ? "response.incomplete" : "response.completed",
                      true);
  return send_stream(chat.directives, kResponsesShape, std::move(events.list), 1);
}

}  // namespace tollgate::dataplane::mock::openai
