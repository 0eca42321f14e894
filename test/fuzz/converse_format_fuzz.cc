#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/event_stream.h"
#include "test/fuzz/dialect_properties.h"
#include "test/fuzz/split.h"

namespace {

/// Lines of a type, a space and a payload as frames, so that checksums do not stop the fuzzer.
std::string frames_of(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t space = line.find(' ');
    const std::string_view type = line.substr(0, space);
    const std::string_view payload =
        space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
    if (type.starts_with('!')) {
      tollgate::dataplane::formats::append_event_stream_frame(
          out, {{":message-type", "exception"}, {":exception-type", type.substr(1)}}, payload);
    } else {
      tollgate::dataplane::formats::append_event_stream_frame(
          out, {{":event-type", type}, {":message-type", "event"}}, payload);
    }
  }
  return out;
}

}  // namespace

/// The first byte chooses: a request, a whole answer, an error body or a stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tollgate::dataplane::formats::converse::kFormat;
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
    default: {
      const std::string frames = frames_of(text);
      if (fuzz::check_answer(kFormat, true, {frames}) !=
          fuzz::check_answer(kFormat, true, fuzz::pieces_of(frames, data[0]))) {
        std::abort();
      }
      break;
    }
  }
  return 0;
}
