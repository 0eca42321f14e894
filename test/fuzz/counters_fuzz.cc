// Counters on disk: a damaged file is refused, a sound one is written again the same way.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/limits/table_file.h"

using namespace tollgate::dataplane;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto counts = limits::decode_counts(bytes);
  if (counts && limits::encode_counts(*counts) != bytes) std::abort();
  return 0;
}
