#include "dataplane/formats/openai/choices.h"
#include "dataplane/formats/openai_chat/answer.h"

namespace tollgate::dataplane::formats::openai_chat {
namespace {

base::Status take_choice(const json::Value& choice, std::size_t index, bool whole,
                         openai::Emitter& emitter, chat::EventSink& sink) {
  const auto message = choice.find(whole ? "message" : "delta");
  if (!message || message->type() != json::Type::kObject) return {};
  // Some hosts end a stream with the whole message instead of a delta.
  return take_message(*message, index, whole, emitter, sink);
}

}  // namespace

std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context) {
  return openai::choices_decoder(streamed, catalog::Format::kOpenAiChat, context.request_id,
                                 take_choice);
}

}  // namespace tollgate::dataplane::formats::openai_chat
