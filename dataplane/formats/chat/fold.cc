#include <string>
#include <utility>

#include "dataplane/formats/chat/answer.h"

namespace tollgate::dataplane::formats::chat {
namespace {

base::Error out_of_order(std::string_view what) {
  return base::backend_error(base::Code::kProtocol, true,
                             "the answer's events are out of order: " + std::string(what));
}

base::Error too_large() {
  return base::backend_error(base::Code::kLimitExceeded, false, "the answer is too large");
}

}  // namespace

base::Status AnswerFold::charge(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kMaxBytes) return too_large();
  return {};
}

AnswerChoice* AnswerFold::choice(const Event& event) {
  if (event.choice >= kMaxChoices) return nullptr;
  while (answer_.choices.size() <= event.choice) answer_.choices.emplace_back();
  return &answer_.choices[event.choice];
}

base::Status AnswerFold::open(const Event& event) {
  AnswerChoice* of = choice(event);
  if (of == nullptr || of->blocks.size() >= kMaxBlocks) return too_large();
  if (event.block != of->blocks.size()) return out_of_order("a block begins with another number");
  AnswerBlock& block = of->blocks.emplace_back();
  block.kind = event.block_kind;
  block.id = event.id;
  block.name = event.name;
  block.raw = event.raw;
  return charge(event.id.size() + event.name.size() + event.raw.size());
}

base::Status AnswerFold::grow(const Event& event) {
  AnswerChoice* of = choice(event);
  if (of == nullptr) return too_large();
  if (event.delta == DeltaKind::kLogprobs) {
    of->logprobs.emplace_back(event.raw);
    return charge(event.raw.size());
  }
  if (event.block >= of->blocks.size()) return out_of_order("a block grows before it begins");
  AnswerBlock& block = of->blocks[event.block];
  switch (event.delta) {
    case DeltaKind::kText:
      block.text += event.text;
      break;
    case DeltaKind::kJson:
      block.json += event.text;
      break;
    case DeltaKind::kSignature:
      block.signature += event.text;
      break;
    case DeltaKind::kData:
      block.data += event.text;
      break;
    case DeltaKind::kCitation:
      block.citations.emplace_back(event.raw);
      return charge(event.raw.size());
    case DeltaKind::kLogprobs:
      break;
  }
  return charge(event.text.size());
}

base::Status AnswerFold::on_event(const Event& event) {
  if (complete_) return out_of_order("something follows the end");
  switch (event.kind) {
    case EventKind::kStart:
      answer_.origin = event.origin;
      answer_.raw = event.raw;
      answer_.id = event.id;
      answer_.model = event.model;
      answer_.created_unix_s = event.created_unix_s;
      answer_.service_tier = event.service_tier;
      return charge(event.raw.size());
    case EventKind::kBlockStart:
      return open(event);
    case EventKind::kDelta:
      return grow(event);
    case EventKind::kStop: {
      AnswerChoice* of = choice(event);
      if (of == nullptr) return too_large();
      of->stop = event.stop;
      of->stop_sequence = event.stop_sequence;
      of->raw_stop = event.raw;
      return {};
    }
    case EventKind::kUsage:
      if (event.usage != nullptr) answer_.usage = *event.usage;
      if (!event.service_tier.empty()) answer_.service_tier = event.service_tier;
      return {};
    case EventKind::kEnd:
      complete_ = true;
      return {};
    case EventKind::kError:
      return base::backend_error(
          base::Code::kUnavailable, true,
          event.error == nullptr ? "the provider reported an error" : event.error->message);
    case EventKind::kBlockEnd:
    case EventKind::kPing:
      return {};
  }
  return {};
}

namespace {

base::Status unfold_block(const AnswerBlock& block, std::uint32_t choice, std::uint32_t number,
                          EventSink& sink) {
  Event event;
  event.choice = choice;
  event.block = number;
  event.block_kind = block.kind;
  event.kind = EventKind::kBlockStart;
  event.id = block.id;
  event.name = block.name;
  event.raw = block.raw;
  TRY(sink.on_event(event));
  event.kind = EventKind::kDelta;
  event.id = event.name = event.raw = {};
  const std::pair<DeltaKind, std::string_view> parts[] = {{DeltaKind::kText, block.text},
                                                          {DeltaKind::kJson, block.json},
                                                          {DeltaKind::kSignature, block.signature},
                                                          {DeltaKind::kData, block.data}};
  for (const auto& [kind, text] : parts) {
    if (text.empty()) continue;
    event.delta = kind;
    event.text = text;
    TRY(sink.on_event(event));
  }
  event.text = {};
  event.delta = DeltaKind::kCitation;
  for (const std::string& citation : block.citations) {
    event.raw = citation;
    TRY(sink.on_event(event));
  }
  event.raw = {};
  event.delta = DeltaKind::kText;
  event.kind = EventKind::kBlockEnd;
  return sink.on_event(event);
}

base::Status unfold_choice(const AnswerChoice& choice, std::uint32_t number, EventSink& sink) {
  Event event;
  event.choice = number;
  event.kind = EventKind::kDelta;
  event.delta = DeltaKind::kLogprobs;
  for (std::size_t i = 0; i < choice.blocks.size(); ++i) {
    TRY(unfold_block(choice.blocks[i], number, static_cast<std::uint32_t>(i), sink));
  }
  for (const std::string& logprobs : choice.logprobs) {
    event.raw = logprobs;
    TRY(sink.on_event(event));
  }
  event = {};
  event.kind = EventKind::kStop;
  event.choice = number;
  event.stop = choice.stop;
  event.stop_sequence = choice.stop_sequence;
  event.raw = choice.raw_stop;
  return sink.on_event(event);
}

}  // namespace

base::Status unfold(const WholeAnswer& answer, EventSink& sink) {
  Event event;
  event.kind = EventKind::kStart;
  event.origin = answer.origin;
  event.raw = answer.raw;
  event.id = answer.id;
  event.model = answer.model;
  event.created_unix_s = answer.created_unix_s;
  event.service_tier = answer.service_tier;
  TRY(sink.on_event(event));
  for (std::size_t i = 0; i < answer.choices.size(); ++i) {
    TRY(unfold_choice(answer.choices[i], static_cast<std::uint32_t>(i), sink));
  }
  if (answer.usage.reported) {
    event = {};
    event.kind = EventKind::kUsage;
    event.usage = &answer.usage;
    event.service_tier = answer.service_tier;
    TRY(sink.on_event(event));
  }
  event = {};
  event.kind = EventKind::kEnd;
  return sink.on_event(event);
}

}  // namespace tollgate::dataplane::formats::chat
