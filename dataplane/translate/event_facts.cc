#include "dataplane/translate/event_facts.h"

#include "dataplane/formats/openai/emitter.h"

namespace tollgate::dataplane::translate {

using formats::chat::DeltaKind;
using formats::chat::Event;
using formats::chat::EventKind;
using formats::chat::StopReason;

namespace {

/// Some origins keep their word as a JSON text.
std::string_view unquoted(std::string_view word) {
  const bool quoted = word.size() > 1 && word.front() == '"' && word.back() == '"';
  return quoted ? word.substr(1, word.size() - 2) : word;
}

}  // namespace

std::string_view finish_word(const Event& stop) {
  if (stop.stop == StopReason::kNone) return {};
  if (stop.stop == StopReason::kOther) return unquoted(stop.raw);
  return formats::openai::finish_reason(stop.stop);
}

/// Of what is known at the start, output is a beginning of which the end need not be more.
void EventFacts::note_usage(const formats::Usage& usage, bool at_start) {
  formats::Usage figures = usage;
  if (at_start) {
    start_output_ = usage.output;
    figures.output.reset();
    figures.total.reset();
  }
  formats::raise_usage(usage_, figures);
}

void EventFacts::note(const Event& event) {
  if (event.usage != nullptr) note_usage(*event.usage, event.kind == EventKind::kStart);
  switch (event.kind) {
    case EventKind::kStart:
      model_ = event.model;
      break;
    case EventKind::kDelta:
      ++content_events_;
      if (event.delta == DeltaKind::kText || event.delta == DeltaKind::kJson) {
        content_bytes_ += event.text.size();
      }
      break;
    case EventKind::kStop:
      finish_reason_ = finish_word(event);
      break;
    case EventKind::kError:
      saw_error_ = true;
      break;
    case EventKind::kUsage:
    case EventKind::kBlockStart:
    case EventKind::kBlockEnd:
    case EventKind::kPing:
    case EventKind::kEnd:
      break;
  }
}

providers::AnswerFacts EventFacts::facts() const {
  providers::AnswerFacts facts;
  facts.usage = usage_;
  if (!usage_.output) facts.usage.output = start_output_;
  facts.model = model_;
  facts.finish_reason = finish_reason_;
  facts.content_events = content_events_;
  facts.content_bytes = content_bytes_;
  facts.saw_error = saw_error_;
  return facts;
}

}  // namespace tollgate::dataplane::translate
