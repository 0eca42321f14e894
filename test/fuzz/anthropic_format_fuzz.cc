#include "dataplane/formats/anthropic/anthropic.h"
#include "test/fuzz/dialect_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return tollgate::fuzz::check_dialect(tollgate::dataplane::formats::anthropic::kFormat, data,
                                       size);
}
