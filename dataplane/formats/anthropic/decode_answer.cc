#include <algorithm>
#include <string>

#include "dataplane/formats/anthropic/answer_reader.h"
#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/chat/whole.h"
#include "dataplane/formats/sse_reader.h"

namespace tollgate::dataplane::formats::anthropic {
namespace {

using chat::AnswerDecoder;
using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;
using chat::EventSink;
using chat::find_text;
using chat::provider_failed;
using json::Value;

constexpr std::size_t kMaxBlocks = chat::AnswerFold::kMaxBlocks;

class StreamDecoder final : public AnswerDecoder {
 public:
  base::Status push(std::string_view bytes, EventSink& sink) override;
  base::Status finish(EventSink& sink) override;

 private:
  enum class State : std::uint8_t { kBefore, kOpen, kStopped, kEnded, kFailed };
  struct Place {
    std::int64_t index = 0;
    BlockKind kind = BlockKind::kText;
    bool open = false;
  };

  base::Status feed(std::string_view bytes, EventSink& sink);
  base::Status event(const SseEvent& event, EventSink& sink);
  base::Status dispatch(std::string_view type, const Value& root, EventSink& sink);
  base::Status message_start(const Value& root, EventSink& sink);
  base::Status block_start(const Value& root, EventSink& sink);
  base::Status block_delta(const Value& root, EventSink& sink);
  base::Status block_stop(const Value& root, EventSink& sink);
  base::Status message_delta(const Value& root, EventSink& sink);
  base::Status message_stop(EventSink& sink);
  base::Result<std::uint32_t> open_block(const Value& root);

  State state_ = State::kBefore;
  SseReader sse_{kMaxEventBytes};
  std::string scratch_;
  json::Reader reader_;
  AnswerReader answer_;
  std::vector<Place> blocks_;
  bool reported_ = false;  // the provider's own error
};

base::Status StreamDecoder::push(std::string_view bytes, EventSink& sink) {
  base::Status status = feed(bytes, sink);
  if (!status) state_ = State::kFailed;
  return status;
}

base::Status StreamDecoder::feed(std::string_view bytes, EventSink& sink) {
  if (state_ == State::kFailed) return broken_answer("it is read on after an error");
  while (!bytes.empty()) {
    const SseReader::Step step = sse_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.what == SseReader::What::kNeedMore) return {};
    if (step.what == SseReader::What::kTooLarge) {
      return base::backend_error(base::Code::kLimitExceeded, false,
                                 "an event of the provider's stream is too large");
    }
    TRY(event(step.event, sink));
  }
  return {};
}

base::Status StreamDecoder::finish(EventSink& sink) {
  if (state_ == State::kFailed) return broken_answer("it failed before its end");
  const SseReader::Step step = sse_.finish();
  if (step.what == SseReader::What::kEvent) TRY(event(step.event, sink));
  if (reported_) return provider_failed();
  if (state_ != State::kEnded) return broken_answer("it ended before message_stop");
  return {};
}

base::Status StreamDecoder::event(const SseEvent& event, EventSink& sink) {
  if (reported_ || state_ == State::kEnded || event.data == "[DONE]") return {};
  scratch_.assign(event.data);
  scratch_.append(json::kPaddingBytes, '\0');
  const auto root = reader_.open(std::string_view(scratch_).substr(0, event.data.size()));
  if (!root || root->type() != json::Type::kObject) {
    return broken_answer("an event is no JSON object");
  }
  const std::string_view type = find_text(*root, "type");
  return dispatch(type.empty() ? event.name : type, *root, sink);
}

base::Status StreamDecoder::dispatch(std::string_view type, const Value& root, EventSink& sink) {
  if (type == "content_block_delta") return block_delta(root, sink);
  if (type == "content_block_start") return block_start(root, sink);
  if (type == "content_block_stop") return block_stop(root, sink);
  if (type == "message_start") return message_start(root, sink);
  if (type == "message_delta") return message_delta(root, sink);
  if (type == "message_stop") return message_stop(sink);
  if (type == "ping") return answer_.simple(EventKind::kPing, sink);
  if (type == "error") {
    reported_ = true;
    return answer_.error(root, sink);
  }
  return {};  // events that came later than this program
}

base::Status StreamDecoder::message_start(const Value& root, EventSink& sink) {
  if (state_ != State::kBefore) return broken_answer("it has a second message_start");
  state_ = State::kOpen;
  const auto message = root.find("message");
  if (!message) return broken_answer("message_start has no message");
  return answer_.start(*message, true, sink);
}

base::Status StreamDecoder::block_start(const Value& root, EventSink& sink) {
  if (state_ != State::kOpen) return broken_answer("a block begins outside of the message");
  const auto index = root.find("index");
  const auto number = index ? index->integer() : base::Result<std::int64_t>(-1);
  const auto block = root.find("content_block");
  if (!number || *number < 0 || !block) return broken_answer("content_block_start lacks members");
  const bool known = std::any_of(blocks_.begin(), blocks_.end(),
                                 [&](const Place& place) { return place.index == *number; });
  if (known) return broken_answer("a block begins twice");
  if (blocks_.size() >= kMaxBlocks) {
    return base::backend_error(base::Code::kLimitExceeded, false, "the answer has too many blocks");
  }
  TRY(answer_.block_start(*block, static_cast<std::uint32_t>(blocks_.size()), sink));
  blocks_.push_back({*number, answer_.last_kind(), true});
  return {};
}

base::Result<std::uint32_t> StreamDecoder::open_block(const Value& root) {
  const auto index = root.find("index");
  const auto number = index ? index->integer() : base::Result<std::int64_t>(-1);
  for (std::size_t i = blocks_.size(); number && i-- > 0;) {
    if (blocks_[i].index == *number && blocks_[i].open) return static_cast<std::uint32_t>(i);
  }
  return broken_answer("an event belongs to no open block");
}

struct DeltaRow {
  std::string_view type;
  std::string_view member;
  DeltaKind kind;
  BlockKind block;
};
constexpr DeltaRow kDeltas[] = {
    {"text_delta", "text", DeltaKind::kText, BlockKind::kText},
    {"input_json_delta", "partial_json", DeltaKind::kJson, BlockKind::kToolCall},
    {"thinking_delta", "thinking", DeltaKind::kText, BlockKind::kThinking},
    {"signature_delta", "signature", DeltaKind::kSignature, BlockKind::kThinking},
    {"citations_delta", "citation", DeltaKind::kCitation, BlockKind::kText},
};

base::Status StreamDecoder::block_delta(const Value& root, EventSink& sink) {
  TRY_ASSIGN(const std::uint32_t number, open_block(root));
  const auto delta = root.find("delta");
  if (!delta) return broken_answer("content_block_delta has no delta");
  const std::string_view type = find_text(*delta, "type");
  const auto* const row = std::find_if(std::begin(kDeltas), std::end(kDeltas),
                                       [type](const DeltaRow& r) { return r.type == type; });
  if (row == std::end(kDeltas)) return {};
  const BlockKind kind = blocks_[number].kind;
  if (kind == BlockKind::kOpaque && row->kind != DeltaKind::kJson) return {};
  if (kind != BlockKind::kOpaque && kind != row->block) {
    return broken_answer("a delta does not fit its block");
  }
  Event event;
  event.kind = EventKind::kDelta;
  event.origin = catalog::Format::kAnthropicMessages;
  event.block = number;
  event.block_kind = kind;
  event.delta = row->kind;
  if (row->kind == DeltaKind::kCitation) {
    const auto citation = delta->find(row->member);
    if (!citation) return broken_answer("citations_delta has no citation");
    event.raw = chat::Keeper::raw(*citation);
  } else {
    event.text = find_text(*delta, row->member);
  }
  return sink.on_event(event);
}

base::Status StreamDecoder::block_stop(const Value& root, EventSink& sink) {
  TRY_ASSIGN(const std::uint32_t number, open_block(root));
  blocks_[number].open = false;
  return answer_.block_end(number, sink);
}

base::Status StreamDecoder::message_delta(const Value& root, EventSink& sink) {
  if (state_ != State::kOpen && state_ != State::kStopped) {
    return broken_answer("message_delta stands before message_start");
  }
  const auto delta = root.find("delta");
  if (delta && state_ == State::kOpen && !find_text(*delta, "stop_reason").empty()) {
    if (std::any_of(blocks_.begin(), blocks_.end(), [](const Place& p) { return p.open; })) {
      return broken_answer("the message stops before its blocks");
    }
    state_ = State::kStopped;
    TRY(answer_.stop(*delta, true, sink));
  }
  const auto usage = root.find("usage");
  return usage ? answer_.usage(*usage, &root, sink) : base::Status{};
}

base::Status StreamDecoder::message_stop(EventSink& sink) {
  if (state_ != State::kStopped) return broken_answer("message_stop stands before a stop reason");
  state_ = State::kEnded;
  return answer_.simple(EventKind::kEnd, sink);
}

base::Status read_whole(const base::Result<Value>& root, EventSink& sink) {
  if (!root || root->type() != json::Type::kObject) return broken_answer("it is no JSON object");
  if (find_text(*root, "type") == "error") {
    TRY(AnswerReader().error(*root, sink));
    return provider_failed();
  }
  const auto content = root->find("content");
  auto blocks = content ? content->elements() : base::Result<json::Elements>(broken_answer(""));
  if (!blocks) return broken_answer("it has no content");
  AnswerReader answer;
  TRY(answer.start(*root, false, sink));
  for (std::uint32_t number = 0; blocks->next(); ++number) {
    TRY(answer.block_start(blocks->value(), number, sink));
    TRY(answer.block_end(number, sink));
  }
  TRY(answer.stop(*root, false, sink));
  if (const auto usage = root->find("usage")) TRY(answer.usage(*usage, nullptr, sink));
  return answer.simple(EventKind::kEnd, sink);
}

}  // namespace

std::unique_ptr<AnswerDecoder> make_decoder(bool streamed, const chat::AnswerContext& /*context*/) {
  if (streamed) return std::make_unique<StreamDecoder>();
  return chat::whole_decoder(read_whole);
}

}  // namespace tollgate::dataplane::formats::anthropic
