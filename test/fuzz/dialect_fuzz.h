#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/formats/dialects/dialects.h"
#include "test/fuzz/split.h"

namespace tollgate::fuzz {

namespace chat = dataplane::formats::chat;
namespace json = dataplane::json;

inline void check_json(const std::string& text) {
  json::Reader reader(2 * json::Reader::kDefaultDepth);
  const json::PaddedText padded(text);
  if (!reader.check(padded.view())) std::abort();
}

/// What a decoder took can be written in every dialect: valid JSON, or an error.
inline void fuzz_request(const chat::ChatFormat& format, std::string_view body) {
  const json::PaddedText padded(body);
  json::Reader reader;
  dataplane::base::Arena arena;
  const auto request = format.decode_request(reader, padded.view(), arena);
  if (!request) return;
  for (const chat::ChatFormat* to : dataplane::formats::dialects::all()) {
    chat::Target target;
    target.model = "m";
    target.streamed = request->stream.value_or(false);
    std::string out;
    if (to->encode_request(*request, target, out)) check_json(out);
  }
}

/// Decodes a stream into the encoder of another dialect.
class Translation final : public chat::EventSink {
 public:
  Translation(const chat::ChatFormat& to, const chat::AnswerContext& context)
      : encoder_(to.make_stream_encoder(context)) {}
  dataplane::base::Status on_event(const chat::Event& event) override {
    if (over_) std::abort();  // nothing follows the end
    over_ = event.kind == chat::EventKind::kEnd || event.kind == chat::EventKind::kError;
    return encoder_->on_event(event, out);
  }
  dataplane::formats::StringSink out;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
  bool over_ = false;
};

inline void fuzz_stream(const chat::ChatFormat& format, std::string_view bytes, std::uint8_t seed) {
  chat::AnswerContext context;
  context.request_id = "r";
  context.model = "m";
  for (const chat::ChatFormat* to : dataplane::formats::dialects::all()) {
    std::string first;
    for (const bool split : {false, true}) {
      Translation translation(*to, context);
      const auto decoder = format.make_decoder(true, context);
      dataplane::base::Status status;
      const auto pieces = split ? pieces_of(bytes, seed) : std::vector<std::string_view>{bytes};
      for (const std::string_view piece : pieces) {
        if (status) status = decoder->push(piece, translation);
      }
      if (status) status = decoder->finish(translation);
      const std::string seen = translation.out.text + (status ? "+" : "-");
      if (split && seen != first) std::abort();  // how it comes changes nothing
      first = seen;
    }
  }
}

inline void fuzz_whole(const chat::ChatFormat& format, std::string_view bytes) {
  chat::AnswerContext context;
  context.request_id = "r";
  chat::AnswerFold fold;
  const auto decoder = format.make_decoder(false, context);
  if (!decoder->push(bytes, fold) || !decoder->finish(fold) || !fold.complete()) return;
  for (const chat::ChatFormat* to : dataplane::formats::dialects::all()) {
    std::string out;
    if (to->encode_answer(fold.answer(), context, out)) check_json(out);
  }
}

/// The first byte chooses the direction and how a stream is divided.
inline int fuzz_dialect(const chat::ChatFormat& format, const std::uint8_t* data,
                        std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      fuzz_request(format, text);
      break;
    case 1:
      fuzz_whole(format, text);
      break;
    case 2:
      fuzz_stream(format, text, data[0]);
      break;
    default: {
      chat::ProviderError error;
      error.status = 400 + data[0];
      error.body = text;
      const std::string body = format.encode_error(format.decode_error(error));
      check_json(body);
      break;
    }
  }
  return 0;
}

}  // namespace tollgate::fuzz
