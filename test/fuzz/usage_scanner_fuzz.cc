#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "dataplane/formats/usage_scanner.h"
#include "test/fuzz/split.h"

namespace {

using tollgate::dataplane::catalog::Format;
using tollgate::dataplane::formats::kMaxTokens;
using tollgate::dataplane::formats::UsageScanner;

std::string scan(Format format, bool streamed, const std::vector<std::string_view>& pieces) {
  UsageScanner scanner(format, streamed);
  for (const std::string_view piece : pieces) {
    scanner.feed(piece);
  }
  scanner.finish();
  const auto& usage = scanner.usage();
  std::string out;
  for (const auto& value : {usage.input, usage.cached_input, usage.cache_creation, usage.output,
                            usage.reasoning, usage.total}) {
    if (value && *value > 4 * kMaxTokens) std::abort();
    out += value ? std::to_string(*value) + "," : "-,";
  }
  if (scanner.model().size() > UsageScanner::kMaxModelBytes) std::abort();
  out.append(scanner.model()).append("|").append(scanner.finish_reason()).append("|");
  out += std::to_string(scanner.content_events());
  out += scanner.saw_end_marker() ? 'E' : 'e';
  out += scanner.saw_error() ? 'X' : 'x';
  out += scanner.inside_event() ? 'I' : 'i';
  out += scanner.garbled() ? 'G' : 'g';
  out += std::to_string(static_cast<int>(scanner.whole()));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr Format kFormats[] = {Format::kOpenAiChat, Format::kAnthropicMessages};
  const Format format = kFormats[data[0] & 1U];
  const bool streamed = (data[0] & 2U) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto pieces = tollgate::fuzz::pieces_of(text, data[1]);
  if (scan(format, streamed, {text}) != scan(format, streamed, pieces)) std::abort();
  return 0;
}
