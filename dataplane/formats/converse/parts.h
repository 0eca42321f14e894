#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/format.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::converse {

// The functions of kFormat; converse.cc puts them together.

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
chat::ErrorKind error_kind(std::string_view name, int status);

/// "png" of "image/png", for blocks of this kind; empty: the dialect has no such format. And back.
std::string_view format_of(chat::BlockKind kind, std::string_view media_type);
std::string_view media_type_of(chat::BlockKind kind, std::string_view format);

/// A sealed thought where SDKs want base64: wrapped unless it is such.
std::string as_blob(std::string_view data);

/// Usage in the dialect's classes: input without what was cached.
void write_usage(json::Writer& writer, const Usage& usage);

inline bool is_ours(catalog::Format origin) {
  return origin == catalog::Format::kBedrockConverse;
}

}  // namespace tollgate::dataplane::formats::converse
