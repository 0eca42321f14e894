#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dataplane/formats/gemini/format.h"

namespace {

namespace base = tollgate::dataplane::base;
namespace chat = tollgate::dataplane::formats::chat;
namespace gemini = tollgate::dataplane::formats::gemini;
namespace json = tollgate::dataplane::json;

/// What is encoded must be JSON that decodes again to the same bytes.
std::string encoded(const chat::Request& request, std::string_view model) {
  chat::Target target;
  target.model = model;
  std::string out;
  if (!gemini::kFormat.encode_request(request, target, out)) return {};
  json::Reader reader(1024);
  if (!reader.check(json::PaddedText(out).view())) std::abort();
  return out;
}

}  // namespace

/// The input is a request of Google's dialect. It is written in its own dialect, whose second
/// round changes nothing, and as if it had come from another one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const json::PaddedText body({reinterpret_cast<const char*>(data), size});
  json::Reader reader;
  base::Arena arena;
  auto request = gemini::kFormat.decode_request(reader, body.view(), arena);
  if (!request) return 0;
  const std::string once = encoded(*request, request->model);
  if (!once.empty()) {
    const json::PaddedText again(once);
    base::Arena second;
    auto decoded = gemini::kFormat.decode_request(reader, again.view(), second);
    if (!decoded || encoded(*decoded, decoded->model) != once) std::abort();
  }
  for (const auto origin : {tollgate::dataplane::catalog::Format::kOpenAiChat,
                            tollgate::dataplane::catalog::Format::kAnthropicMessages}) {
    request->origin = origin;
    encoded(*request, "gemini-2.0-flash");
    encoded(*request, "gemini-3-pro");
  }
  return 0;
}
