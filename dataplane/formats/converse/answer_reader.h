#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/formats/chat/event.h"
#include "dataplane/formats/usage.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::converse {

/// What whole answers and streams have in common, as events.
class AnswerReader {
 public:
  /// `object` is a whole answer; nullptr for a stream.
  base::Status start(const json::Value* object, chat::EventSink& sink);
  base::Status stop(const json::Value& object, bool with_extras, chat::EventSink& sink);
  /// kUsage by the member `usage`; `with_extras`: what stands beside it.
  base::Status usage(const json::Value& object, bool with_extras, chat::EventSink& sink);
  /// A block of a whole answer.
  base::Status block(const json::Value& block, std::uint32_t number, chat::EventSink& sink);

 private:
  base::Status parts(const json::Value& block, chat::Event& event, chat::EventSink& sink);
  base::Status reasoning(const json::Value& block, const chat::Event& event, chat::EventSink& sink);
  base::Status citations(const json::Value& block, const chat::Event& event, chat::EventSink& sink);

  Usage usage_;
  chat::Extras extras_;
};

chat::Event event_of(chat::EventKind kind);
base::Status send_delta(chat::Event event, chat::DeltaKind kind, std::string_view text,
                        chat::EventSink& sink);
using chat::broken_answer;

}  // namespace tollgate::dataplane::formats::converse
