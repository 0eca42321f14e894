#include <array>
#include <utility>
#include <vector>

#include "dataplane/formats/openai/annotations.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/errors.h"
#include "dataplane/formats/openai/logprobs.h"
#include "dataplane/formats/openai/usage.h"
#include "dataplane/formats/openai_chat/answer.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

using base::Status;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;

/// What is known of a block while it is open.
struct Block {
  BlockKind kind = BlockKind::kText;
  std::size_t tool = 0;  // counts the calls of the choice
  std::size_t from = 0;  // where its text begins in the choice's text
  bool has_arguments = false;
  std::string text;  // thinking, to say it again with its signature
  std::string signature;
  std::string data;
};

struct Choice {
  bool has_role = false;
  bool stopped = false;
  std::size_t tools = 0;
  std::size_t text_bytes = 0;
  std::vector<Block> blocks;
};

class Encoder final : public chat::StreamEncoder {
 public:
  explicit Encoder(const chat::AnswerContext& context)
      : include_usage_(context.include_usage),
        legacy_(context.request != nullptr && context.request->legacy_functions),
        wants_logprobs_(context.request != nullptr &&
                        context.request->sampling.logprobs.value_or(false)),
        identity_(openai::made_identity("chatcmpl-", context)) {}

  Status on_event(const Event& event, ByteSink& sink) override {
    if (ended_) return {};
    if (!(event.kind == EventKind::kDelta && event.delta == DeltaKind::kLogprobs)) flush(sink);
    switch (event.kind) {
      case EventKind::kStart:
        openai::take_identity(identity_, event, catalog::Format::kOpenAiChat);
        identity_.service_tier = event.service_tier;
        return {};
      case EventKind::kBlockStart:
        return open(event, sink);
      case EventKind::kDelta:
        return grow(event, sink);
      case EventKind::kBlockEnd:
        return close(event, sink);
      case EventKind::kStop:
        return stop(event, sink);
      case EventKind::kUsage:
        if (event.usage != nullptr) usage_ = *event.usage;
        usage_raw_ = event.origin == catalog::Format::kOpenAiChat ? event.raw : std::string_view{};
        return {};
      case EventKind::kPing:
        if (said_) sink.write(": ping\n\n");
        return {};
      case EventKind::kError:
        fail(event.error == nullptr ? chat::ChatError{} : *event.error, sink);
        return {};
      case EventKind::kEnd:
        end(sink);
        return {};
    }
    return {};
  }

  void fail(const chat::ChatError& error, ByteSink& sink) override {
    if (ended_) return;
    flush(sink);
    ended_ = true;
    sink.write(openai::error_event(error));
  }

 private:
  /// The beginning of every chunk, made once: up to the choices.
  const std::string& head() {
    if (!head_.empty()) return head_;
    json::Writer w(head_);
    head_ = "data: ";
    w.begin_object();
    openai::write_identity(w, identity_, "chat.completion.chunk");
    return head_;
  }

  /// Begins a chunk with one choice whose delta is open.
  json::Writer& begin(const Event& event) {
    chunk_ = head();
    chunk_ += R"(,"choices":[{"index":)";
    chunk_ += std::to_string(event.choice);
    chunk_ += R"(,"delta":)";
    writer_.emplace(chunk_);
    return writer_->begin_object();
  }

  void finish(ByteSink& sink, std::string_view reason = {}, std::string_view logprobs = {}) {
    writer_->end_object();
    chunk_ += R"(,"logprobs":)";
    chunk_ += logprobs.empty() ? std::string_view("null") : logprobs;
    chunk_ += R"(,"finish_reason":)";
    if (reason.empty()) {
      chunk_ += "null";
    } else {
      json::Writer(chunk_).value(reason);
    }
    chunk_ += "}]";
    if (include_usage_) chunk_ += R"(,"usage":null)";
    chunk_ += "}\n\n";
    said_ = true;
    sink.write(chunk_);
  }

  /// A text chunk that waits for its logprobs.
  void flush(ByteSink& sink, std::string_view logprobs = {}) {
    if (!waiting_) return;
    waiting_ = false;
    finish(sink, {}, logprobs);
  }

  void role(const Event& event, Choice& choice, bool text, ByteSink& sink) {
    if (choice.has_role) return;
    choice.has_role = true;
    json::Writer& w = begin(event).member("role", "assistant");
    if (text) {
      w.member("content", "");
    } else {
      w.key("content").null();
    }
    w.key("refusal").null();
    finish(sink);
  }

  base::Result<Choice*> at(const Event& event) {
    if (event.choice >= openai::Emitter::kMaxChoices) {
      return base::backend_error(base::Code::kLimitExceeded, false, "too many choices");
    }
    if (choices_.size() <= event.choice) choices_.resize(event.choice + std::size_t{1});
    return &choices_[event.choice];
  }

  static base::Result<Block*> block_at(const Event& event, Choice& choice) {
    if (event.block < choice.blocks.size()) return &choice.blocks[event.block];
    return base::backend_error(base::Code::kProtocol, true, "a block goes on before it begins");
  }

  Status open(const Event& event, ByteSink& sink) {
    TRY_ASSIGN(Choice* const choice, at(event));
    if (event.block != choice->blocks.size() ||
        choice->blocks.size() >= chat::AnswerFold::kMaxBlocks) {
      return base::backend_error(base::Code::kProtocol, true, "a block begins out of order");
    }
    Block& block = choice->blocks.emplace_back();
    block.kind = event.block_kind;
    block.from = choice->text_bytes;
    if (block.kind == BlockKind::kOpaque) return {};
    role(event, *choice, block.kind != BlockKind::kToolCall, sink);
    if (block.kind == BlockKind::kAudio && !event.id.empty()) {
      begin(event).key("audio").begin_object().member("id", event.id);
      if (event.origin == catalog::Format::kOpenAiChat) {
        openai::write_members(*writer_, event.raw);
      }
      writer_->end_object();
      finish(sink);
    }
    if (block.kind != BlockKind::kToolCall) return {};
    block.tool = choice->tools++;
    if (legacy_) {
      if (block.tool > 0) return {};
      begin(event).key("function_call").begin_object();
      writer_->member("name", event.name).member("arguments", "").end_object();
      finish(sink);
      return {};
    }
    json::Writer& w = begin(event).key("tool_calls").begin_array().begin_object();
    w.member("index", static_cast<std::uint64_t>(block.tool)).member("id", event.id);
    w.member("type", "function").key("function").begin_object();
    w.member("name", event.name).member("arguments", "").end_object().end_object().end_array();
    finish(sink);
    return {};
  }

  Status grow(const Event& event, ByteSink& sink) {
    TRY_ASSIGN(Choice* const choice, at(event));
    if (event.delta == DeltaKind::kLogprobs) return logprobs(event, sink);
    TRY_ASSIGN(Block* const block, block_at(event, *choice));
    switch (event.delta) {
      case DeltaKind::kText:
        return text(event, *choice, *block, sink);
      case DeltaKind::kJson:
        if (block->kind == BlockKind::kToolCall) arguments(event, *block, event.text, sink);
        return {};
      case DeltaKind::kSignature:
        return hold(block->signature, event.text);
      case DeltaKind::kData:
        if (block->kind == BlockKind::kAudio) {
          begin(event).key("audio").begin_object().member("data", event.text).end_object();
          finish(sink);
          return {};
        }
        return block->kind == BlockKind::kRedactedThinking ? hold(block->data, event.text)
                                                           : Status{};
      case DeltaKind::kCitation:
        annotation(event, *choice, *block, sink);
        return {};
      case DeltaKind::kLogprobs:
        return {};
    }
    return {};
  }

  void arguments(const Event& event, Block& block, std::string_view text, ByteSink& sink) {
    if (text.empty()) return;
    block.has_arguments = true;
    if (legacy_) {
      if (block.tool > 0) return;
      begin(event).key("function_call").begin_object().member("arguments", text).end_object();
      return finish(sink);
    }
    json::Writer& w = begin(event).key("tool_calls").begin_array().begin_object();
    w.member("index", static_cast<std::uint64_t>(block.tool)).key("function").begin_object();
    w.member("arguments", text).end_object().end_object().end_array();
    finish(sink);
  }

  Status hold(std::string& place, std::string_view text) {
    held_bytes_ += text.size();
    if (held_bytes_ > kMaxHeldBytes) {
      return base::backend_error(base::Code::kLimitExceeded, false,
                                 "the answer's thinking is too long");
    }
    place += text;
    return {};
  }

  Status text(const Event& event, Choice& choice, Block& block, ByteSink& sink) {
    switch (block.kind) {
      case BlockKind::kThinking:
        TRY(hold(block.text, event.text));
        begin(event).member("reasoning_content", event.text);
        break;
      case BlockKind::kRefusal:
        begin(event).member("refusal", event.text);
        break;
      case BlockKind::kAudio:
        begin(event).key("audio").begin_object().member("transcript", event.text).end_object();
        break;
      case BlockKind::kText:
        choice.text_bytes += event.text.size();
        begin(event).member("content", event.text);
        if (wants_logprobs_) {
          waiting_ = true;
          return {};
        }
        break;
      default:
        return {};
    }
    finish(sink);
    return {};
  }

  Status logprobs(const Event& event, ByteSink& sink) {
    std::string raw;
    if (wants_logprobs_ && event.origin == catalog::Format::kOpenAiChat) {
      raw = event.raw;
    } else if (wants_logprobs_) {
      const std::string tokens = openai::logprob_tokens(event.raw, event.origin);
      if (!tokens.empty()) raw = R"({"content":[)" + tokens + R"(],"refusal":null})";
    }
    if (raw.empty()) {
      flush(sink);
      return {};
    }
    if (waiting_) {
      flush(sink, raw);
      return {};
    }
    begin(event);
    finish(sink, {}, raw);
    return {};
  }

  void annotation(const Event& event, const Choice& choice, const Block& block, ByteSink& sink) {
    json::Writer& w = begin(event).key("annotations").begin_array();
    if (!openai::write_annotation(w, reader_, event.raw, event.origin,
                                  {block.from, choice.text_bytes},
                                  openai::AnnotationStyle::kNested)) {
      return;  // nothing that this dialect can say: the chunk is not written
    }
    w.end_array();
    finish(sink);
  }

  Status close(const Event& event, ByteSink& sink) {
    TRY_ASSIGN(Choice* const choice, at(event));
    TRY_ASSIGN(Block* const block, block_at(event, *choice));
    if (block->kind == BlockKind::kToolCall && !block->has_arguments) {
      arguments(event, *block, "{}", sink);  // clients parse what the pieces make together
    }
    const bool redacted = block->kind == BlockKind::kRedactedThinking;
    if (block->kind != BlockKind::kThinking && !redacted) return {};
    if (redacted || !block->signature.empty()) {
      json::Writer& w = begin(event).key("thinking_blocks").begin_array().begin_object();
      if (redacted) {
        w.member("type", "redacted_thinking").member("data", block->data);
      } else {
        w.member("type", "thinking").member("thinking", block->text);
        w.member("signature", block->signature);
      }
      w.end_object().end_array();
      finish(sink);
    }
    held_bytes_ -= block->text.size() + block->signature.size() + block->data.size();
    block->text = block->signature = block->data = std::string();
    return {};
  }

  Status stop(const Event& event, ByteSink& sink) {
    TRY_ASSIGN(Choice* const choice, at(event));
    role(event, *choice, true, sink);
    choice->stopped = true;
    begin(event);
    const bool own = event.origin == catalog::Format::kOpenAiChat && !event.raw.empty();
    const bool called = legacy_ && event.stop == chat::StopReason::kToolCalls;
    finish(sink, own      ? event.raw
                 : called ? std::string_view("function_call")
                          : openai::finish_reason(event.stop));
    return {};
  }

  void end(ByteSink& sink) {
    ended_ = true;
    if (include_usage_ && (usage_.reported || usage_.estimated)) {
      chunk_ = head();
      chunk_ += R"(,"choices":[],"usage":)";
      json::Writer w(chunk_);
      if (usage_raw_.empty()) {
        openai::write_usage(w, usage_);
      } else {
        w.raw(usage_raw_);
      }
      chunk_ += "}\n\n";
      sink.write(chunk_);
    }
    sink.write("data: [DONE]\n\n");
  }

  static constexpr std::size_t kMaxHeldBytes = 16U << 20U;

  bool include_usage_;
  bool legacy_;  // calls are wanted as function_call, of which there is one
  bool wants_logprobs_;
  bool said_ = false;
  bool ended_ = false;
  bool waiting_ = false;
  openai::Identity identity_;
  std::string head_;
  std::string chunk_;
  std::optional<json::Writer> writer_;
  json::Reader reader_;
  Usage usage_;
  std::string usage_raw_;
  std::vector<Choice> choices_;
  std::size_t held_bytes_ = 0;
};

}  // namespace

std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context) {
  return std::make_unique<Encoder>(context);
}

}  // namespace tollgate::dataplane::formats::openai_chat
