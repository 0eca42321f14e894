#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/whole.h"
#include "dataplane/formats/sse_reader.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::openai {

using chat::broken_answer;

/// What a dialect does with the events of its stream.
class EventTaker {
 public:
  enum class Went : std::uint8_t { kOn, kDone };  // kDone: kEnd or kError was handed out
  virtual ~EventTaker() = default;
  virtual base::Result<Went> take(const json::Value& document, chat::EventSink& sink) = 0;
  /// `[DONE]`, which is no JSON.
  virtual base::Result<Went> take_done(chat::EventSink& sink) = 0;
  /// The stream ended without either: kEnd if what came is complete, else an error.
  virtual base::Status end(chat::EventSink& sink) = 0;
};

/// A stream of server-sent events whose data is JSON.
std::unique_ptr<chat::AnswerDecoder> stream_decoder(std::unique_ptr<EventTaker> taker);

/// A whole answer: an error is handed out as such, and `read` gets any other object.
std::unique_ptr<chat::AnswerDecoder> whole_decoder(chat::WholeReader read);

/// kError with what `value` says.
base::Status hand_out_error(const json::Value& value, chat::EventSink& sink);

}  // namespace tollgate::dataplane::formats::openai
