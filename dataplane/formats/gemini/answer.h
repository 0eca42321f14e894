#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/format.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::gemini {

// ChatFormat's functions of these names.
std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context);
std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context);
base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out);
chat::ChatError decode_error(const chat::ProviderError& error);
std::string encode_error(const chat::ChatError& error);

/// The `error` object of an answer, of a status that is no success or of none (inside a stream).
chat::ChatError error_of(const json::Value& error, int status);

/// `finishReason` both ways. A word without a place of its own is kOther; `kSays` tells whether the
/// word can be made of the reason again.
struct FinishWord {
  std::string_view word;
  chat::StopReason stop;
  bool exact;
};
FinishWord finish_of(std::string_view word);
std::string_view word_of(chat::StopReason stop);

/// What `raw` of kStop begins with when a prompt was blocked: then it is the promptFeedback object.
inline constexpr char kBlockedPrompt = '{';

/// What ids of calls begin with that this format's decoder made, because the answer had none.
inline constexpr std::string_view kMadeCallId = "call_g";

/// Members of usageMetadata. `extras` are those of this format, or nullptr.
void write_usage(json::Writer& writer, const Usage& usage, const chat::Extras* extras);

}  // namespace tollgate::dataplane::formats::gemini
