#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/format.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::anthropic {

// The functions of kFormat; anthropic.cc puts them together.

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena);
base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out);
std::unique_ptr<chat::AnswerDecoder> make_decoder(bool streamed,
                                                  const chat::AnswerContext& context);
std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context);
base::Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                           std::string& out);
chat::ChatError decode_error(const chat::ProviderError& error);
std::string encode_error(const chat::ChatError& error);

/// The dialect's words.
std::string_view stop_word(chat::StopReason stop);
chat::StopReason stop_of(std::string_view word);
std::string_view error_word(chat::ErrorKind kind);
chat::ErrorKind error_kind(std::string_view word, int status);

/// Usage in the dialect's classes: input without what was cached.
void write_usage(json::Writer& writer, const Usage& usage);
/// "msg_..." of an answer whose origin names none in this form.
std::string message_id(std::string_view id, const chat::AnswerContext& context);
/// Writes what the answer's origin said beside the typed members, if that origin is this dialect.
inline bool is_ours(catalog::Format origin) {
  return origin == catalog::Format::kAnthropicMessages;
}

}  // namespace tollgate::dataplane::formats::anthropic
