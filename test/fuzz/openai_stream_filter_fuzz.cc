#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "dataplane/formats/openai_stream_filter.h"
#include "test/fuzz/split.h"

namespace {

using tollgate::dataplane::formats::OpenAiStreamFilter;
using tollgate::dataplane::formats::StringSink;

std::string filter(const std::vector<std::string_view>& pieces) {
  OpenAiStreamFilter filter;
  StringSink sink;
  for (const std::string_view piece : pieces) {
    filter.push(piece, sink);
    if (filter.held_bytes() > OpenAiStreamFilter::kMaxHeldBytes) std::abort();
  }
  filter.finish(sink);
  return sink.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Whether an event beyond the limit is filtered depends on how it came; shorter ones never do.
  if (text.size() > OpenAiStreamFilter::kMaxHeldBytes) return 0;
  const std::string whole = filter({text});
  if (whole != filter(tollgate::fuzz::pieces_of(text, data[0]))) std::abort();
  if (text.find("\"usage\"") == std::string_view::npos && whole != text) std::abort();
  std::size_t at = 0;  // what comes out is what went in, less whole parts
  for (const char c : whole) {
    at = text.find(c, at);
    if (at == std::string_view::npos) std::abort();
    ++at;
  }
  return 0;
}
