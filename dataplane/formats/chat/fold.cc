#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/chat/extras.h"

namespace tollgate::dataplane::formats::chat {
namespace {

base::Error out_of_order(std::string_view what) {
  return base::backend_error(base::Code::kProtocol, true,
                             "the answer's events are out of order: " + std::string(what));
}

}  // namespace

base::Status AnswerFold::charge(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kMaxBytes) return answer_too_large();
  return {};
}

base::Status AnswerFold::take_extras(const Event& event, OwnedExtras& extras) {
  if (event.extras == nullptr) return {};
  for (const Extra& extra : *event.extras) {
    TRY(charge(extra.key.size() + extra.raw.size()));
    keep_extra(extras, extra.key, extra.raw);
  }
  return {};
}

base::Status AnswerFold::take_usage(const Event& event) {
  if (event.usage != nullptr) answer_.usage = *event.usage;
  if (!event.service_tier.empty()) answer_.service_tier = event.service_tier;
  answer_.usage_raw = usage_seen_ ? std::string_view{} : event.raw;
  usage_seen_ = true;
  return take_extras(event, answer_.usage_extras);
}

AnswerChoice* AnswerFold::choice(const Event& event) {
  if (event.choice >= kMaxChoices) return nullptr;
  while (answer_.choices.size() <= event.choice) answer_.choices.emplace_back();
  return &answer_.choices[event.choice];
}

base::Status AnswerFold::open(const Event& event) {
  AnswerChoice* of = choice(event);
  if (of == nullptr || of->blocks.size() >= kMaxBlocks) return answer_too_large();
  if (event.block != of->blocks.size()) return out_of_order("a block begins with another number");
  AnswerBlock& block = of->blocks.emplace_back();
  block.kind = event.block_kind;
  block.id = event.id;
  block.name = event.name;
  block.raw = event.raw;
  TRY(take_extras(event, block.extras));
  return charge(event.id.size() + event.name.size() + event.raw.size());
}

base::Status AnswerFold::grow(const Event& event) {
  AnswerChoice* of = choice(event);
  if (of == nullptr) return answer_too_large();
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
      answer_.id = event.id;
      answer_.model = event.model;
      answer_.created_unix_s = event.created_unix_s;
      answer_.service_tier = event.service_tier;
      answer_.origin = event.origin;
      answer_.raw = event.raw;
      TRY(charge(event.raw.size()));
      return take_extras(event, answer_.extras);
    case EventKind::kBlockStart:
      return open(event);
    case EventKind::kDelta:
      return grow(event);
    case EventKind::kStop: {
      AnswerChoice* of = choice(event);
      if (of == nullptr) return answer_too_large();
      of->stop = event.stop;
      of->stop_sequence = event.stop_sequence;
      of->raw_stop = event.raw;
      return take_extras(event, of->extras);
    }
    case EventKind::kUsage:
      return take_usage(event);
    case EventKind::kEnd:
      complete_ = true;
      return take_extras(event, answer_.extras);
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

using Logprobs = std::span<const std::string>;

base::Status unfold_block(const AnswerBlock& block, const Event& place, std::uint32_t number,
                          Logprobs logprobs, EventSink& sink) {
  const Extras extras = views_of(block.extras);
  Event event;
  event.origin = place.origin;
  event.choice = place.choice;
  event.block = number;
  event.block_kind = block.kind;
  event.kind = EventKind::kBlockStart;
  event.id = block.id;
  event.name = block.name;
  event.raw = block.raw;
  event.extras = &extras;
  TRY(sink.on_event(event));
  event.kind = EventKind::kDelta;
  event.extras = nullptr;
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
  event.delta = DeltaKind::kLogprobs;
  for (const std::string& piece : logprobs) {
    event.raw = piece;
    TRY(sink.on_event(event));
  }
  event.raw = {};
  event.delta = DeltaKind::kText;
  event.kind = EventKind::kBlockEnd;
  return sink.on_event(event);
}

base::Status unfold_choice(const AnswerChoice& choice, std::uint32_t number, catalog::Format origin,
                           EventSink& sink) {
  const Extras extras = views_of(choice.extras);
  Event event;
  event.origin = origin;
  event.choice = number;
  // Logprobs are of texts: they stand in the last one, while it is open.
  std::size_t last = choice.blocks.size();
  for (std::size_t i = 0; i < choice.blocks.size(); ++i) {
    if (choice.blocks[i].kind == BlockKind::kText) last = i;
  }
  for (std::size_t i = 0; i < choice.blocks.size(); ++i) {
    TRY(unfold_block(choice.blocks[i], event, static_cast<std::uint32_t>(i),
                     i == last ? Logprobs(choice.logprobs) : Logprobs(), sink));
  }
  event = {};
  event.origin = origin;
  event.kind = EventKind::kStop;
  event.extras = &extras;
  event.choice = number;
  event.stop = choice.stop;
  event.stop_sequence = choice.stop_sequence;
  event.raw = choice.raw_stop;
  return sink.on_event(event);
}

}  // namespace

base::Status unfold(const WholeAnswer& answer, EventSink& sink) {
  const Extras extras = views_of(answer.extras);
  Event event;
  event.origin = answer.origin;
  event.extras = &extras;
  event.raw = answer.raw;
  event.kind = EventKind::kStart;
  event.id = answer.id;
  event.model = answer.model;
  event.created_unix_s = answer.created_unix_s;
  event.service_tier = answer.service_tier;
  TRY(sink.on_event(event));
  for (std::size_t i = 0; i < answer.choices.size(); ++i) {
    TRY(unfold_choice(answer.choices[i], static_cast<std::uint32_t>(i), answer.origin, sink));
  }
  if (answer.usage.reported) {
    event = {};
    event.origin = answer.origin;
    event.raw = answer.usage_raw;
    const Extras usage_extras = views_of(answer.usage_extras);
    event.extras = &usage_extras;
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
