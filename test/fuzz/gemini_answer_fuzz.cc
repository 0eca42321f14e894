#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dataplane/formats/gemini/format.h"
#include "test/fuzz/split.h"

namespace {

namespace base = tollgate::dataplane::base;
namespace chat = tollgate::dataplane::formats::chat;
namespace formats = tollgate::dataplane::formats;
namespace gemini = tollgate::dataplane::formats::gemini;
namespace json = tollgate::dataplane::json;

class Sink final : public chat::EventSink {
 public:
  explicit Sink(const chat::AnswerContext& context)
      : encoder_(gemini::kFormat.make_stream_encoder(context)) {}
  base::Status on_event(const chat::Event& event) override {
    if (over_) std::abort();
    over_ = event.kind == chat::EventKind::kEnd || event.kind == chat::EventKind::kError;
    if (event.kind != chat::EventKind::kError) {
      auto folded = fold.on_event(event);
      if (!folded && folded.error().code != base::Code::kLimitExceeded) std::abort();
      if (!folded) return folded;
    }
    return encoder_->on_event(event, out);
  }
  chat::AnswerFold fold;
  formats::StringSink out;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
  bool over_ = false;
};

std::string play(bool streamed, const std::vector<std::string_view>& pieces) {
  chat::Request request;
  chat::AnswerContext context;
  context.request = &request;
  context.model = "m";
  context.request_id = "r";
  const auto decoder = gemini::kFormat.make_decoder(streamed, context);
  Sink sink(context);
  base::Status status;
  for (const std::string_view piece : pieces) {
    if (status = decoder->push(piece, sink); !status) break;
  }
  if (status) status = decoder->finish(sink);
  if (status && sink.fold.complete()) {
    std::string whole;
    if (gemini::kFormat.encode_answer(sink.fold.answer(), context, whole)) {
      json::Reader reader(1024);
      if (!reader.check(json::PaddedText(whole).view())) std::abort();
    }
  }
  if (!sink.out.text.empty() && !sink.out.text.ends_with("\r\n\r\n")) std::abort();
  return sink.out.text + (status ? "ok" : "broken");
}

}  // namespace

/// The first byte says how the rest, an answer of Google's, is framed and divided.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool streamed = (data[0] & 1U) != 0;
  gemini::kFormat.decode_error({500, {}, {}, text});
  const std::string whole = play(streamed, {text});
  if (whole != play(streamed, tollgate::fuzz::pieces_of(text, data[0]))) std::abort();
  return 0;
}
