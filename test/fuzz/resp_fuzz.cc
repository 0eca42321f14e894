// Replies of a store: whatever comes, in whatever pieces, is read the same way within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "dataplane/limits/redis/resp.h"

using tollgate::dataplane::limits::redis::Decoder;
using tollgate::dataplane::limits::redis::Reply;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t split = bytes.empty() ? 0 : data[0] % (bytes.size() + 1);
  Decoder whole;
  std::vector<Reply> at_once;
  const bool good = whole.feed(bytes, at_once).has_value();
  Decoder parts;
  std::vector<Reply> in_parts;
  bool good_parts = parts.feed(bytes.substr(0, split), in_parts).has_value();
  good_parts = good_parts && parts.feed(bytes.substr(split), in_parts).has_value();
  if (good != good_parts || at_once != in_parts) std::abort();
  return 0;
}
