#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dataplane/formats/count/format.h"
#include "dataplane/formats/embeddings/format.h"

namespace {

namespace base = tollgate::dataplane::base;
namespace count = tollgate::dataplane::formats::count;
namespace embeddings = tollgate::dataplane::formats::embeddings;
namespace json = tollgate::dataplane::json;

void check(const std::string& text) {
  json::Reader reader(1024);
  if (!reader.check(json::PaddedText(text).view())) std::abort();
}

void try_request(std::string_view padded) {
  json::Reader reader;
  base::Arena arena;
  const auto request = embeddings::kOpenAi.decode_request(reader, padded, arena);
  if (!request) return;
  for (const embeddings::EmbeddingFormat* format : embeddings::all()) {
    for (const std::string_view model : {"m", "cohere.embed-english-v3"}) {
      std::string out;
      if (format->encode_request(*request, model, out)) check(out);
    }
  }
}

void try_answer(std::string_view padded) {
  for (const embeddings::EmbeddingFormat* format : embeddings::all()) {
    json::Reader reader;
    embeddings::AnswerContext context;
    const auto answer = format->decode_answer(reader, padded, context);
    if (!answer) continue;
    for (const std::string_view encoding : {"float", "base64"}) {
      embeddings::Request request;
      request.encoding_format = encoding;
      context.request = &request;
      std::string out;
      if (embeddings::kOpenAi.encode_answer(*answer, context, out)) check(out);
    }
  }
}

}  // namespace

/// The input is read as a request, as an answer and as an error of each format of the embeddings
/// and count families.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const json::PaddedText body(text);
  try_request(body.view());
  try_answer(body.view());
  for (const embeddings::EmbeddingFormat* format : embeddings::all()) {
    format->decode_error({400, text.substr(0, size / 2), {}, text});
  }
  for (const count::CountFormat* format : count::all()) {
    json::Reader reader;
    std::string out;
    if (format->encode_request(reader, body.view(), {"m", {}, "a,b"}, out)) check(out);
    (void)format->decode_answer(reader, body.view());
    format->decode_error({400, {}, {}, text});
  }
  return 0;
}
