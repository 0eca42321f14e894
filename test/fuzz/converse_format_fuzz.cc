#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/event_stream.h"
#include "test/fuzz/dialect_properties.h"

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

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return tollgate::fuzz::check_dialect(tollgate::dataplane::formats::converse::kFormat, data, size,
                                       frames_of);
}
