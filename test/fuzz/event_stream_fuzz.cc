#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "dataplane/formats/event_stream.h"
#include "test/fuzz/split.h"

namespace {

using tollgate::dataplane::formats::EventStreamDecoder;

std::string decode(const std::vector<std::string_view>& pieces) {
  EventStreamDecoder decoder;
  std::string out;
  for (std::string_view piece : pieces) {
    while (true) {
      const EventStreamDecoder::Step step = decoder.feed(piece);
      if (step.consumed > piece.size()) std::abort();
      piece.remove_prefix(step.consumed);
      if (step.what == EventStreamDecoder::What::kError) return out + "!";
      if (step.what == EventStreamDecoder::What::kNeedMore) {
        if (!piece.empty()) std::abort();
        break;
      }
      out.append(step.frame.message_type).append("|").append(step.frame.event_type).append("|");
      out.append(step.frame.exception_type).append("|").append(step.frame.payload).append(";");
    }
  }
  return out + (decoder.idle() ? "." : "+");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (decode({text}) != decode(tollgate::fuzz::pieces_of(text, data[0]))) std::abort();
  return 0;
}
