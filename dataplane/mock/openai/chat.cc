#include "dataplane/mock/openai/chat.h"

#include "dataplane/json/writer.h"

namespace tollgate::dataplane::mock::openai {

namespace {

struct Context {
  const Conversation& chat;
  const Answer& answer;
  std::string id;
  std::int64_t created;
  bool shows_thinking;  // OpenAI itself does not
};

std::string_view finish_reason(const Answer& answer) {
  switch (answer.stop) {
    case Stop::kLength:
      return "length";
    case Stop::kToolCalls:
      return "tool_calls";
    case Stop::kEnd:
    case Stop::kStopSequence:
      return "stop";
  }
  return "stop";
}

void write_start(json::Writer& writer, const Context& context, std::string_view object) {
  writer.begin_object().member("id", context.id).member("object", object);
  writer.member("created", context.created).member("model", context.chat.model);
  writer.member("system_fingerprint", "fp_mock000001");
}

void write_usage(json::Writer& writer, const Answer& answer) {
  writer.key("usage").begin_object().member("prompt_tokens", answer.input_tokens);
  writer.member("completion_tokens", answer.output_tokens);
  writer.member("total_tokens", answer.input_tokens + answer.output_tokens);
  writer.key("prompt_tokens_details").begin_object();
  writer.member("cached_tokens", answer.cached_tokens).member("audio_tokens", 0).end_object();
  writer.key("completion_tokens_details").begin_object();
  writer.member("reasoning_tokens", answer.thinking_tokens).member("audio_tokens", 0);
  writer.end_object().end_object();
}

void write_thinking_block(json::Writer& writer, const Block& block) {
  writer.begin_object().member("type", "thinking").member("thinking", block.whole());
  writer.member("signature", block.signature).end_object();
}

void write_message(json::Writer& writer, const Context& context) {
  const Answer& answer = context.answer;
  writer.key("message").begin_object().member("role", "assistant").key("content");
  answer.calls_tools() ? writer.null() : writer.value(answer.text(PartKind::kText));
  writer.key("refusal").null().key("annotations").begin_array().end_array();
  if (context.shows_thinking && context.chat.thinking) {
    writer.member("reasoning_content", answer.text(PartKind::kThinking));
    writer.key("thinking_blocks").begin_array();
    for (const Block& block : answer.blocks) {
      if (block.kind == PartKind::kThinking) write_thinking_block(writer, block);
    }
    writer.end_array();
  }
  if (answer.calls_tools()) {
    writer.key("tool_calls").begin_array();
    for (const Block& block : answer.blocks) {
      if (block.kind != PartKind::kToolCall) continue;
      writer.begin_object().member("id", "call_" + block.id).member("type", "function");
      writer.key("function").begin_object().member("name", block.name);
      writer.member("arguments", block.whole()).end_object().end_object();
    }
    writer.end_array();
  }
  writer.end_object();
}

Reply whole(const Context& context) {
  std::string out;
  json::Writer writer(out);
  write_start(writer, context, "chat.completion");
  writer.key("choices").begin_array();
  for (std::size_t i = 0; i < context.chat.choices; ++i) {
    writer.begin_object().member("index", static_cast<std::int64_t>(i));
    write_message(writer, context);
    writer.key("logprobs").null().member("finish_reason", finish_reason(context.answer));
    writer.end_object();
  }
  writer.end_array();
  write_usage(writer, context.answer);
  writer.member("service_tier", "default").end_object();
  return send_whole(context.chat.directives, kShape, std::move(out),
                    {{"x-request-id", "req_" + context.id}, {"openai-processing-ms", "21"}});
}

/// Collects the chunks of a stream.
class Chunks {
 public:
  explicit Chunks(const Context& context) : context_(context) {}

  void add_blocks(std::size_t choice) {
    std::size_t tool = 0;
    for (const Block& block : context_.answer.blocks) {
      if (block.kind == PartKind::kToolCall) {
        add_call(choice, tool++, block);
        continue;
      }
      if (block.kind == PartKind::kThinking && !context_.shows_thinking) continue;
      const bool thinking = block.kind == PartKind::kThinking;
      for (const std::string& piece : block.pieces) {
        add(choice, {}, [&](json::Writer& writer) {
          writer.member(thinking ? "reasoning_content" : "content", piece);
        });
      }
      if (!thinking) continue;
      add(choice, {}, [&](json::Writer& writer) {
        writer.key("thinking_blocks").begin_array();
        write_thinking_block(writer, block);
        writer.end_array();
      });
    }
    add(choice, finish_reason(context_.answer), [](json::Writer&) {});
  }

  void add_usage() {
    std::string out;
    json::Writer writer(out);
    write_start(writer, context_, "chat.completion.chunk");
    writer.key("choices").begin_array().end_array();
    write_usage(writer, context_.answer);
    writer.end_object();
    events.push_back(sse_event({}, out));
  }

  std::vector<std::string> events;

 private:
  void add_call(std::size_t choice, std::size_t index, const Block& block) {
    for (std::size_t i = 0; i <= block.pieces.size(); ++i) {
      add(choice, {}, [&](json::Writer& writer) {
        writer.key("tool_calls").begin_array().begin_object();
        writer.member("index", static_cast<std::int64_t>(index));
        if (i == 0) writer.member("id", "call_" + block.id).member("type", "function");
        writer.key("function").begin_object();
        if (i == 0) writer.member("name", block.name);
        writer.member("arguments", i == 0 ? std::string() : block.pieces[i - 1]);
        writer.end_object().end_object().end_array();
      });
    }
  }

  template <typename Write>
  void add(std::size_t choice, std::string_view finish, Write&& write) {
    std::string out;
    json::Writer writer(out);
    write_start(writer, context_, "chat.completion.chunk");
    writer.key("choices").begin_array().begin_object();
    writer.member("index", static_cast<std::int64_t>(choice)).key("delta").begin_object();
    if (choice >= begun_) {
      writer.member("role", "assistant");
      begun_ = choice + 1;
    }
    write(writer);
    writer.end_object().key("logprobs").null().key("finish_reason");
    finish.empty() ? writer.null() : writer.value(finish);
    writer.end_object().end_array();
    if (context_.chat.include_usage) writer.key("usage").null();
    writer.end_object();
    events.push_back(sse_event({}, out));
  }

  const Context& context_;
  std::size_t begun_ = 0;  // choices that have said their role
};

Reply streamed(const Context& context) {
  Chunks chunks(context);
  for (std::size_t i = 0; i < context.chat.choices; ++i) chunks.add_blocks(i);
  if (context.chat.include_usage) chunks.add_usage();
  chunks.events.emplace_back("data: [DONE]\n\n");
  const std::size_t closing = context.chat.include_usage ? 3 : 2;
  return send_stream(context.chat.directives, kShape, std::move(chunks.events), closing,
                     {{"cache-control", "no-cache"}, {"x-request-id", "req_" + context.id}});
}

}  // namespace

Reply chat(const Request& request) {
  Conversation chat;
  if (auto refused = read_chat(request, chat)) return *refused;
  if (auto fault = early_fault(chat.directives, kShape, chat.stream)) return *fault;
  const Answer answer = play(chat);
  const Context context{chat, answer, make_id("chatcmpl-", request.call),
                        unix_seconds(request.call), !is_openai(request.host)};
  return chat.stream ? streamed(context) : whole(context);
}

}  // namespace tollgate::dataplane::mock::openai
