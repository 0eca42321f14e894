#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/formats/chat/error_body.h"
#include "dataplane/formats/chat/take.h"
#include "dataplane/formats/chat/whole.h"
#include "dataplane/formats/converse/answer_reader.h"
#include "dataplane/formats/converse/parts.h"
#include "dataplane/formats/event_stream.h"

namespace tollgate::dataplane::formats::converse {
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

/// Text and thinking have no start event: their block begins with the first delta.
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
  base::Status frame(const EventStreamFrame& frame, EventSink& sink);
  base::Status failed(const EventStreamFrame& frame, EventSink& sink);
  base::Status dispatch(std::string_view type, const Value& root, EventSink& sink);
  base::Status block_start(const Value& root, EventSink& sink);
  base::Status block_delta(const Value& root, EventSink& sink);
  base::Status block_stop(const Value& root, EventSink& sink);
  base::Status message_stop(const Value& root, EventSink& sink);
  base::Status metadata(const Value& root, EventSink& sink);
  base::Status end(EventSink& sink);
  /// The number of the open block of this index; begins one of this kind if there is none.
  base::Result<std::uint32_t> block_at(const Value& root, BlockKind kind, EventSink& sink);
  base::Result<std::uint32_t> begin(std::int64_t index, Event& event, EventSink& sink);
  base::Result<std::int64_t> index_of(const Value& root) const;
  [[nodiscard]] std::optional<std::uint32_t> find_open(std::int64_t index) const;

  State state_ = State::kBefore;
  EventStreamDecoder frames_;
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
    const EventStreamDecoder::Step step = frames_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.what == EventStreamDecoder::What::kNeedMore) return {};
    if (step.what == EventStreamDecoder::What::kError) return broken_answer(step.reason);
    TRY(frame(step.frame, sink));
  }
  return {};
}

base::Status StreamDecoder::finish(EventSink& sink) {
  if (state_ == State::kFailed) return broken_answer("it failed before its end");
  if (reported_) return provider_failed();
  if (!frames_.idle()) return broken_answer("it ended within a message");
  if (state_ == State::kStopped) return end(sink);  // without metadata
  if (state_ != State::kEnded) return broken_answer("it ended before messageStop");
  return {};
}

base::Status StreamDecoder::frame(const EventStreamFrame& frame, EventSink& sink) {
  if (reported_ || state_ == State::kEnded) return {};
  if (!frame.message_type.empty() && frame.message_type != "event") return failed(frame, sink);
  scratch_.assign(frame.payload);
  scratch_.append(json::kPaddingBytes, '\0');
  const auto root = reader_.open(std::string_view(scratch_).substr(0, frame.payload.size()));
  if (!root || root->type() != json::Type::kObject) {
    return broken_answer("an event is no JSON object");
  }
  return dispatch(frame.event_type, *root, sink);
}

base::Status StreamDecoder::failed(const EventStreamFrame& frame, EventSink& sink) {
  reported_ = true;
  chat::ChatError error;
  error.type =
      chat::bare_aws_name(frame.exception_type.empty() ? frame.error_code : frame.exception_type);
  error.kind = error_kind(error.type, chat::status_of(chat::ErrorKind::kServer));
  error.status = chat::status_of(error.kind);
  error.message = frame.error_message.empty()
                      ? chat::read_error_body(frame.payload, error.status).message
                      : std::string(frame.error_message);
  Event event = event_of(EventKind::kError);
  event.error = &error;
  return sink.on_event(event);
}

base::Status StreamDecoder::dispatch(std::string_view type, const Value& root, EventSink& sink) {
  if (type == "contentBlockDelta") return block_delta(root, sink);
  if (type == "contentBlockStart") return block_start(root, sink);
  if (type == "contentBlockStop") return block_stop(root, sink);
  if (type == "messageStart") {
    if (state_ != State::kBefore) return broken_answer("it has a second messageStart");
    state_ = State::kOpen;
    return answer_.start(nullptr, sink);
  }
  if (type == "messageStop") return message_stop(root, sink);
  if (type == "metadata") return metadata(root, sink);
  return {};  // events that came later than this program
}

base::Result<std::int64_t> StreamDecoder::index_of(const Value& root) const {
  if (state_ != State::kOpen) return broken_answer("a block stands outside of the message");
  const auto member = root.find("contentBlockIndex");
  const auto index = member ? member->integer() : base::Result<std::int64_t>(-1);
  if (!index || *index < 0) return broken_answer("a block has no index");
  return *index;
}

std::optional<std::uint32_t> StreamDecoder::find_open(std::int64_t index) const {
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    if (blocks_[i].index == index && blocks_[i].open) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

base::Result<std::uint32_t> StreamDecoder::begin(std::int64_t index, Event& event,
                                                 EventSink& sink) {
  const bool known = std::any_of(blocks_.begin(), blocks_.end(),
                                 [index](const Place& place) { return place.index == index; });
  if (known) return broken_answer("a block begins twice");
  if (blocks_.size() >= kMaxBlocks) {
    return base::backend_error(base::Code::kLimitExceeded, false, "the answer has too many blocks");
  }
  const auto number = static_cast<std::uint32_t>(blocks_.size());
  event.kind = EventKind::kBlockStart;
  event.block = number;
  TRY(sink.on_event(event));
  blocks_.push_back({index, event.block_kind, true});
  return number;
}

base::Result<std::uint32_t> StreamDecoder::block_at(const Value& root, BlockKind kind,
                                                    EventSink& sink) {
  TRY_ASSIGN(const std::int64_t index, index_of(root));
  if (const auto open = find_open(index)) {
    if (blocks_[*open].kind != kind && blocks_[*open].kind != BlockKind::kOpaque) {
      return broken_answer("a delta does not fit its block");
    }
    return *open;
  }
  if (kind == BlockKind::kToolCall) return broken_answer("a tool call grows before it begins");
  Event event = event_of(EventKind::kBlockStart);
  event.block_kind = kind;
  return begin(index, event, sink);
}

base::Status StreamDecoder::block_start(const Value& root, EventSink& sink) {
  TRY_ASSIGN(const std::int64_t index, index_of(root));
  const auto start = root.find("start");
  if (!start) return broken_answer("contentBlockStart has no start");
  auto members = start->members();
  if (!members) return broken_answer("contentBlockStart has no start");
  if (!members->next()) return {};  // text: its deltas say so
  Event event = event_of(EventKind::kBlockStart);
  const auto call = start->find("toolUse");
  if (call && !call->find("type")) {
    event.block_kind = BlockKind::kToolCall;
    event.id = find_text(*call, "toolUseId");
    event.name = find_text(*call, "name");
  } else {
    event.block_kind = BlockKind::kOpaque;
    event.name = members->key();
    event.raw = chat::Keeper::raw(*start);
  }
  const auto begun = begin(index, event, sink);
  return begun ? base::Status{} : base::Status(begun.error());
}

base::Status StreamDecoder::block_delta(const Value& root, EventSink& sink) {
  const auto delta = root.find("delta");
  if (!delta) return broken_answer("contentBlockDelta has no delta");
  const auto part = [&](BlockKind block, DeltaKind kind, std::string_view text) -> base::Status {
    TRY_ASSIGN(const std::uint32_t number, block_at(root, block, sink));
    Event event = event_of(EventKind::kDelta);
    event.block = number;
    event.block_kind = blocks_[number].kind;
    if (event.block_kind == BlockKind::kOpaque && kind != DeltaKind::kJson) return {};
    return send_delta(event, kind, text, sink);
  };
  if (delta->find("text")) {
    return part(BlockKind::kText, DeltaKind::kText, find_text(*delta, "text"));
  }
  if (const auto call = delta->find("toolUse")) {
    return part(BlockKind::kToolCall, DeltaKind::kJson, find_text(*call, "input"));
  }
  if (const auto citation = delta->find("citation")) {
    return part(BlockKind::kText, DeltaKind::kCitation, chat::Keeper::raw(*citation));
  }
  const auto reasoning = delta->find("reasoningContent");
  if (!reasoning) return {};
  if (reasoning->find("redactedContent")) {
    return part(BlockKind::kRedactedThinking, DeltaKind::kData,
                find_text(*reasoning, "redactedContent"));
  }
  if (reasoning->find("signature")) {
    return part(BlockKind::kThinking, DeltaKind::kSignature, find_text(*reasoning, "signature"));
  }
  return part(BlockKind::kThinking, DeltaKind::kText, find_text(*reasoning, "text"));
}

base::Status StreamDecoder::block_stop(const Value& root, EventSink& sink) {
  TRY_ASSIGN(const std::int64_t index, index_of(root));
  std::uint32_t number = 0;
  if (const auto open = find_open(index)) {
    number = *open;
  } else {
    Event event = event_of(EventKind::kBlockStart);  // a text without a word
    TRY_ASSIGN(number, begin(index, event, sink));
  }
  blocks_[number].open = false;
  Event event = event_of(EventKind::kBlockEnd);
  event.block = number;
  return sink.on_event(event);
}

base::Status StreamDecoder::message_stop(const Value& root, EventSink& sink) {
  if (state_ != State::kOpen) return broken_answer("messageStop stands outside of the message");
  if (std::any_of(blocks_.begin(), blocks_.end(), [](const Place& p) { return p.open; })) {
    return broken_answer("the message stops before its blocks");
  }
  state_ = State::kStopped;
  return answer_.stop(root, true, sink);
}

base::Status StreamDecoder::metadata(const Value& root, EventSink& sink) {
  if (state_ == State::kBefore) return broken_answer("metadata stands before messageStart");
  TRY(answer_.usage(root, true, sink));
  return state_ == State::kStopped ? end(sink) : base::Status{};
}

base::Status StreamDecoder::end(EventSink& sink) {
  state_ = State::kEnded;
  return sink.on_event(event_of(EventKind::kEnd));
}

base::Status read_whole(const base::Result<Value>& root, EventSink& sink) {
  if (!root) return broken_answer("it is no JSON");
  const auto content = root->find({"output", "message", "content"});
  auto blocks = content ? content->elements() : base::Result<json::Elements>(broken_answer(""));
  if (!blocks) return broken_answer("it has no content");
  AnswerReader answer;
  TRY(answer.start(&*root, sink));
  for (std::uint32_t number = 0; blocks->next(); ++number) {
    TRY(answer.block(blocks->value(), number, sink));
  }
  TRY(answer.stop(*root, false, sink));
  TRY(answer.usage(*root, false, sink));
  return sink.on_event(event_of(EventKind::kEnd));
}

}  // namespace

std::unique_ptr<AnswerDecoder> make_decoder(bool streamed, const chat::AnswerContext& /*context*/) {
  if (streamed) return std::make_unique<StreamDecoder>();
  return chat::whole_decoder(read_whole);
}

}  // namespace tollgate::dataplane::formats::converse
