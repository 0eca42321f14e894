#include "dataplane/formats/openai_chat/openai_chat.h"
#include "test/fuzz/dialect_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return tollgate::fuzz::fuzz_dialect(tollgate::dataplane::formats::openai_chat::kFormat, data,
                                      size);
}
