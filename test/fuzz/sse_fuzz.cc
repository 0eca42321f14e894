#include "dataplane/http/sse.h"
#include "test/fuzz/http_properties.h"

namespace http = tollgate::dataplane::http;
using tollgate::fuzz::broken;

namespace {

constexpr std::size_t kEventBytes = 4096;

/// All events written again, one after another: also the canonical form of what was read.
std::string rewritten(const std::vector<std::string_view>& pieces) {
  http::SseDecoder decoder(kEventBytes);
  std::string out;
  std::string last_id;
  const auto take = [&out, &last_id](http::SseEvent event) {
    // An id that stays the same is written once; one that was taken back as an empty field.
    const std::string id(event.id);
    if (id == last_id) event.id = {};
    if (id.empty() && !last_id.empty()) out += "id\n";
    last_id = id;
    if (!http::append_sse_event(out, event)) broken("an event cannot be written", event.data, {});
  };
  for (const std::string_view piece : pieces) {
    const std::string input(piece);
    std::string_view rest = input;
    while (true) {
      const auto step = decoder.feed(rest);
      rest.remove_prefix(step.consumed);
      if (step.what == http::SseDecoder::What::kError) return out + "!";
      if (step.what == http::SseDecoder::What::kNeedMore) break;
      take(step.event);
    }
  }
  if (const auto event = decoder.finish()) take(*event);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = tollgate::fuzz::divide(data, size);
  const std::string whole = rewritten({input.whole});
  const std::string split = rewritten(input.pieces);
  if (whole != split) broken("pieces are read differently", whole, split);
  if (whole.ends_with('!')) return 0;
  const std::string again = rewritten({whole});
  if (whole != again) broken("written events read differently", whole, again);
  return 0;
}
