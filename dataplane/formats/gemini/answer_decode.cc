#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "dataplane/base/hash.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/gemini/answer.h"
#include "dataplane/formats/gemini/framing.h"
#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::BlockKind;
using chat::DeltaKind;
using chat::Event;
using chat::EventKind;

std::string_view text_of(const std::optional<json::Value>& value) {
  if (!value) return {};
  const auto text = value->string();
  return text ? *text : std::string_view{};
}

std::optional<std::uint64_t> count_of(const json::Value& value) {
  const auto number = value.integer();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > kMaxTokens) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number);
}

/// 2026-01-31T12:30:00.5Z; 0 for anything else.
std::int64_t unix_time(std::string_view text) {
  std::tm time{};
  const std::string copy(text.substr(0, 19));
  if (strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return 0;
  return timegm(&time);
}

/// Members without a place in the canonical form, kept with texts of their own until they are
/// handed out. A member that comes again replaces the earlier one.
class KeptExtras {
 public:
  base::Status keep(std::string_view key, std::string_view raw) {
    bytes_ += key.size() + raw.size();
    if (bytes_ > chat::AnswerDecoder::kMaxAnswerBytes) {
      return base::backend_error(base::Code::kLimitExceeded, false, "the answer is too large");
    }
    chat::keep_extra(extras_, key, raw);
    return {};
  }
  const chat::Extras* views() {
    views_ = chat::views_of(extras_);
    return &views_;
  }

 private:
  chat::OwnedExtras extras_;
  chat::Extras views_;
  std::size_t bytes_ = 0;
};

struct Candidate {
  bool seen = false;
  bool open = false;
  BlockKind kind = BlockKind::kText;
  std::uint32_t blocks = 0;
  bool called = false;  // a function
  std::string finish;   // the last word; some models send one with every chunk
  KeptExtras extras;
};

class Decoder final : public chat::AnswerDecoder {
 public:
  Decoder(bool streamed, const chat::AnswerContext& context)
      : streamed_(streamed),
        request_id_(context.request_id),
        framing_(streamed, kMaxEventBytes, kMaxAnswerBytes) {}

  base::Status push(std::string_view bytes, chat::EventSink& sink) override {
    return framing_.push(bytes, [&](std::string_view padded) { return take(padded, sink); });
  }

  base::Status finish(chat::EventSink& sink) override;

 private:
  base::Status take(std::string_view padded, chat::EventSink& sink);
  base::Status take_member(std::string_view name, const json::Value& value, chat::EventSink& sink);
  base::Status take_candidate(const json::Value& value, std::uint32_t position,
                              chat::EventSink& sink);
  base::Status take_part(const json::Value& part, std::uint32_t choice, chat::EventSink& sink);
  base::Status take_call(const json::Value& call, std::uint32_t choice, chat::EventSink& sink);
  base::Status take_media(const json::Value& data, std::uint32_t choice, chat::EventSink& sink);
  base::Status take_usage(const json::Value& usage, chat::EventSink& sink);
  base::Status start(const json::Value& chunk, chat::EventSink& sink);
  base::Status stop(std::uint32_t choice, chat::EventSink& sink);

  base::Status begin(Event event, std::uint32_t choice, chat::EventSink& sink);
  base::Status grow(DeltaKind delta, std::string_view text, std::uint32_t choice,
                    chat::EventSink& sink);
  base::Status end(std::uint32_t choice, chat::EventSink& sink);
  base::Status text(BlockKind kind, std::string_view text, std::uint32_t choice,
                    chat::EventSink& sink);
  std::string call_id(std::uint32_t choice) const;

  static constexpr std::size_t kMaxChoices = chat::AnswerFold::kMaxChoices;

  bool streamed_;
  std::string request_id_;
  Framing framing_;
  json::Reader reader_;
  bool started_ = false;
  bool over_ = false;  // kError was handed out
  std::vector<Candidate> candidates_;
  std::string blocked_;  // promptFeedback that names a reason
  KeptExtras extras_;
  Usage usage_;
};

base::Status Decoder::take(std::string_view padded, chat::EventSink& sink) {
  if (over_) return {};
  const auto chunk = reader_.open(padded);
  if (!chunk || chunk->type() != json::Type::kObject)
    return chat::broken_answer("an event is no JSON object");
  if (const auto error = chunk->find("error"); error && error->type() == json::Type::kObject) {
    const chat::ChatError found = error_of(*error, 0);
    over_ = true;
    Event event;
    event.kind = EventKind::kError;
    event.error = &found;
    return sink.on_event(event);
  }
  if (!started_) TRY(start(*chunk, sink));
  auto members = chunk->members();
  while (members->next()) {
    if (!members->value().is_null()) TRY(take_member(members->key(), members->value(), sink));
  }
  return {};
}

base::Status Decoder::start(const json::Value& chunk, chat::EventSink& sink) {
  started_ = true;
  Event event;
  event.kind = EventKind::kStart;
  event.origin = catalog::Format::kGeminiGenerate;
  event.id = text_of(chunk.find("responseId"));
  event.model = text_of(chunk.find("modelVersion"));
  event.created_unix_s = unix_time(text_of(chunk.find("createTime")));
  return sink.on_event(event);
}

base::Status Decoder::take_member(std::string_view name, const json::Value& value,
                                  chat::EventSink& sink) {
  if (name == "candidates") {
    auto elements = value.elements();
    if (!elements) return chat::broken_answer("candidates is no list");
    std::uint32_t position = 0;
    while (elements->next()) TRY(take_candidate(elements->value(), position++, sink));
    return {};
  }
  if (name == "usageMetadata") return take_usage(value, sink);
  if (name == "responseId" || name == "modelVersion") return {};
  if (name == "promptFeedback" && value.find("blockReason")) {
    blocked_ = chat::Keeper::raw(value);
    return {};
  }
  return extras_.keep(name, chat::Keeper::raw(value));
}

base::Status Decoder::take_candidate(const json::Value& value, std::uint32_t position,
                                     chat::EventSink& sink) {
  auto members = value.members();
  if (!members) return chat::broken_answer("a candidate is no object");
  std::int64_t index = position;
  if (const auto named = value.find("index")) index = named->integer().value_or(-1);
  if (index < 0 || index >= static_cast<std::int64_t>(kMaxChoices)) {
    return chat::broken_answer("a candidate has an impossible index");
  }
  const auto choice = static_cast<std::uint32_t>(index);
  if (candidates_.size() <= choice) candidates_.resize(choice + 1);
  candidates_[choice].seen = true;
  std::string_view logprobs;
  while (members->next()) {
    const std::string_view name = members->key();
    const json::Value& member = members->value();
    if (member.is_null()) continue;
    if (name == "content") {
      const auto parts = member.find("parts");
      if (!parts || parts->is_null()) continue;
      auto elements = parts->elements();
      if (!elements) return chat::broken_answer("the parts of a candidate are no list");
      while (elements->next()) TRY(take_part(elements->value(), choice, sink));
    } else if (name == "finishReason") {
      const std::string_view word = text_of(member);
      if (!word.empty() && word != "FINISH_REASON_UNSPECIFIED") candidates_[choice].finish = word;
    } else if (name == "logprobsResult") {
      logprobs = chat::Keeper::raw(member);
    } else if (name != "index") {
      TRY(candidates_[choice].extras.keep(name, chat::Keeper::raw(member)));
    }
  }
  if (logprobs.empty()) return {};
  Event event;
  event.kind = EventKind::kDelta;
  event.delta = DeltaKind::kLogprobs;
  event.origin = catalog::Format::kGeminiGenerate;
  event.choice = choice;
  event.raw = logprobs;
  return sink.on_event(event);
}

base::Status Decoder::take_part(const json::Value& part, std::uint32_t choice,
                                chat::EventSink& sink) {
  auto members = part.members();
  if (!members) return chat::broken_answer("a part is no object");
  std::optional<json::Value> said, call, media;
  std::string_view signature;
  bool thought = false;
  bool other = false;
  while (members->next()) {
    const std::string_view name = members->key();
    const json::Value& value = members->value();
    if (name == "text") {
      said = value;
    } else if (name == "functionCall") {
      call = value;
    } else if (name == "inlineData") {
      media = value;
    } else if (name == "thoughtSignature") {
      signature = text_of(value);
    } else if (name == "thought") {
      thought = value.boolean().value_or(false);
    } else {
      other = true;
    }
  }
  if (other || (!said && !call && !media && signature.empty())) {
    Event event;
    event.block_kind = BlockKind::kOpaque;
    event.raw = chat::Keeper::raw(part);
    TRY(begin(event, choice, sink));
    return end(choice, sink);
  }
  const std::string_view words = text_of(said);
  if (thought && !call && !media) {
    if (!streamed_ && candidates_[choice].open) TRY(end(choice, sink));
    TRY(text(BlockKind::kThinking, words, choice, sink));
    if (signature.empty()) return {};
    TRY(grow(DeltaKind::kSignature, signature, choice, sink));
    return end(choice, sink);
  }
  if (!signature.empty()) {
    // What the model did after it thought carries the signature; the thought without words that
    // holds it stands before it.
    Event event;
    event.block_kind = BlockKind::kThinking;
    TRY(begin(event, choice, sink));
    TRY(grow(DeltaKind::kSignature, signature, choice, sink));
    TRY(end(choice, sink));
  }
  if (call) return take_call(*call, choice, sink);
  if (media) return take_media(*media, choice, sink);
  if (!streamed_ && candidates_[choice].open) TRY(end(choice, sink));
  return words.empty() ? base::Status{} : text(BlockKind::kText, words, choice, sink);
}

base::Status Decoder::take_call(const json::Value& call, std::uint32_t choice,
                                chat::EventSink& sink) {
  if (call.find("partialArgs"))
    return chat::broken_answer("a function call comes in pieces, unasked");
  Event event;
  event.block_kind = BlockKind::kToolCall;
  event.name = text_of(call.find("name"));
  if (event.name.empty()) return chat::broken_answer("a function call has no name");
  const std::string_view id = text_of(call.find("id"));
  const std::string made = id.empty() ? call_id(choice) : std::string();
  event.id = id.empty() ? std::string_view(made) : id;
  candidates_[choice].called = true;
  TRY(begin(event, choice, sink));
  const auto args = call.find("args");
  const bool object = args && args->type() == json::Type::kObject;
  TRY(grow(DeltaKind::kJson, object ? chat::Keeper::raw(*args) : "{}", choice, sink));
  return end(choice, sink);
}

base::Status Decoder::take_media(const json::Value& data, std::uint32_t choice,
                                 chat::EventSink& sink) {
  Event event;
  event.name = text_of(data.find("mimeType"));
  event.block_kind = event.name.starts_with("audio/") ? BlockKind::kAudio : BlockKind::kImage;
  TRY(begin(event, choice, sink));
  TRY(grow(DeltaKind::kData, text_of(data.find("data")), choice, sink));
  return end(choice, sink);
}

base::Status Decoder::take_usage(const json::Value& value, chat::EventSink& sink) {
  auto members = value.members();
  if (!members) return {};
  Usage now;
  chat::Extras extras;
  std::optional<std::uint64_t> candidates, tools;
  while (members->next()) {
    const std::string_view name = members->key();
    const json::Value& member = members->value();
    if (member.is_null()) continue;
    if (name == "promptTokenCount") {
      now.input = count_of(member);
    } else if (name == "candidatesTokenCount") {
      candidates = count_of(member);
    } else if (name == "thoughtsTokenCount") {
      now.reasoning = count_of(member);
    } else if (name == "cachedContentTokenCount") {
      now.cached_input = count_of(member);
    } else if (name == "totalTokenCount") {
      now.total = count_of(member);
    } else {
      if (name == "toolUsePromptTokenCount") tools = count_of(member);
      extras.push_back({name, chat::Keeper::raw(member)});
    }
  }
  if (now.input || tools) now.input = now.input.value_or(0) + tools.value_or(0);
  if (candidates || now.reasoning) now.output = candidates.value_or(0) + now.reasoning.value_or(0);
  now.reported = now.input || now.output || now.total;
  if (!now.reported || (now == usage_ && extras.empty())) return {};
  usage_ = now;
  Event event;
  event.kind = EventKind::kUsage;
  event.usage = &usage_;
  event.extras = &extras;
  return sink.on_event(event);
}

base::Status Decoder::begin(Event event, std::uint32_t choice, chat::EventSink& sink) {
  if (candidates_[choice].open) TRY(end(choice, sink));
  Candidate& candidate = candidates_[choice];
  candidate.open = true;
  candidate.kind = event.block_kind;
  event.kind = EventKind::kBlockStart;
  event.choice = choice;
  event.block = candidate.blocks;
  return sink.on_event(event);
}

base::Status Decoder::grow(DeltaKind delta, std::string_view text, std::uint32_t choice,
                           chat::EventSink& sink) {
  if (text.empty()) return {};
  Event event;
  event.kind = EventKind::kDelta;
  event.choice = choice;
  event.block = candidates_[choice].blocks;
  event.block_kind = candidates_[choice].kind;
  event.delta = delta;
  event.text = text;
  return sink.on_event(event);
}

base::Status Decoder::end(std::uint32_t choice, chat::EventSink& sink) {
  Candidate& candidate = candidates_[choice];
  Event event;
  event.kind = EventKind::kBlockEnd;
  event.choice = choice;
  event.block = candidate.blocks++;
  event.block_kind = candidate.kind;
  candidate.open = false;
  return sink.on_event(event);
}

base::Status Decoder::text(BlockKind kind, std::string_view text, std::uint32_t choice,
                           chat::EventSink& sink) {
  const Candidate& candidate = candidates_[choice];
  if (!candidate.open || candidate.kind != kind) {
    Event event;
    event.block_kind = kind;
    TRY(begin(event, choice, sink));
  }
  return grow(DeltaKind::kText, text, choice, sink);
}

std::string Decoder::call_id(std::uint32_t choice) const {
  std::string seed = request_id_;
  seed += '/' + std::to_string(choice) + '/' + std::to_string(candidates_[choice].blocks) +
          (candidates_[choice].open ? "+" : "");
  constexpr std::size_t kDigits = 24;
  std::string id(kMadeCallId);
  id += base::to_hex(base::hash128(seed)).substr(0, kDigits);
  return id;
}

base::Status Decoder::stop(std::uint32_t choice, chat::EventSink& sink) {
  Candidate& candidate = candidates_[choice];
  if (!candidate.seen) return chat::broken_answer("a candidate is missing");
  if (candidate.finish.empty()) return chat::broken_answer("it ends without a finish reason");
  if (candidate.open) TRY(end(choice, sink));
  const FinishWord word = finish_of(candidate.finish);
  Event event;
  event.kind = EventKind::kStop;
  event.choice = choice;
  event.stop = word.stop == chat::StopReason::kEndTurn && candidate.called
                   ? chat::StopReason::kToolCalls
                   : word.stop;
  std::string raw;
  if (!word.exact) {
    json::Writer(raw).value(candidate.finish);
    event.raw = raw;
  }
  event.extras = candidate.extras.views();
  return sink.on_event(event);
}

base::Status Decoder::finish(chat::EventSink& sink) {
  TRY(framing_.finish([&](std::string_view padded) { return take(padded, sink); }));
  if (over_) return {};
  if (!started_) return chat::broken_answer("it is empty");
  Event event;
  if (candidates_.empty()) {
    if (blocked_.empty()) return chat::broken_answer("it has no candidates");
    event.kind = EventKind::kStop;
    event.stop = chat::StopReason::kContentFilter;
    event.raw = blocked_;
    TRY(sink.on_event(event));
  } else if (!blocked_.empty()) {
    TRY(extras_.keep("promptFeedback", blocked_));
  }
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    TRY(stop(static_cast<std::uint32_t>(i), sink));
  }
  event = {};
  event.kind = EventKind::kEnd;
  event.extras = extras_.views();
  return sink.on_event(event);
}

}  // namespace

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context) {
  return std::make_unique<Decoder>(streamed, context);
}

}  // namespace tollgate::dataplane::formats::gemini
