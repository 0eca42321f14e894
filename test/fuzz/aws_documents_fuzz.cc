#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/auth/aws_documents.h"
#include "dataplane/auth/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  namespace auth = tollgate::dataplane::auth;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      (void)auth::parse_credentials_file(text);
      break;
    case 1:
      (void)auth::parse_credentials_json(text);
      break;
    case 2:
      (void)auth::parse_sts_answer(text);
      break;
    case 3:
      (void)auth::parse_time(text);
      break;
    default:
      (void)auth::parse_url(text);
      break;
  }
  return 0;
}
