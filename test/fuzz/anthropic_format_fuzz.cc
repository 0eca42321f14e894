#include "dataplane/formats/anthropic/anthropic.h"
#include "test/fuzz/dialect_properties.h"
#include "test/fuzz/split.h"

/// The first byte chooses: a request, a whole answer, an error body or a stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tollgate::dataplane::formats::anthropic::kFormat;
  namespace fuzz = tollgate::fuzz;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      fuzz::check_request(kFormat, text);
      break;
    case 1:
      fuzz::check_answer(kFormat, false, {text});
      break;
    case 2: {
      fuzz::chat::ProviderError error;
      error.body = text;
      if (!fuzz::is_json(kFormat.encode_error(kFormat.decode_error(error)))) std::abort();
      break;
    }
    default:
      if (fuzz::check_answer(kFormat, true, {text}) !=
          fuzz::check_answer(kFormat, true, fuzz::pieces_of(text, data[0]))) {
        std::abort();
      }
      break;
  }
  return 0;
}
