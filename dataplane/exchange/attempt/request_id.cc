#include "dataplane/exchange/attempt/request_id.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tollgate::dataplane::exchange::attempt {

namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::string_view kBackendsIdField = "x-upstream-request-id";

bool is_usable(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

std::string_view new_request_id(router::Random& random, base::Arena& arena) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<std::uint64_t, 2> words{random.next(), random.next()};
  auto* out = arena.allocate_array<char>(kShape.size());
  std::size_t digit = 0;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] != 'x' && kShape[i] != 'v') {
      out[i] = kShape[i];
      continue;
    }
    const std::uint64_t nibble = (words[digit / 16] >> (digit % 16 * 4)) & 15U;
    out[i] = kHex[kShape[i] == 'v' ? (nibble & 3U) | 8U : nibble];
    ++digit;
  }
  return {out, kShape.size()};
}

std::string_view request_id(const http::FieldList& fields, router::Random& random,
                            base::Arena& arena) {
  const std::string_view own = fields.value_of(kRequestIdField);
  return is_usable(own) ? own : new_request_id(random, arena);
}

void name_request(std::string_view id, http::FieldList& answer) {
  const std::string_view backends = answer.value_of(kRequestIdField);
  if (backends == id) return;
  if (!backends.empty()) answer.set(kBackendsIdField, backends);
  answer.set(kRequestIdField, id);
}

}  // namespace tollgate::dataplane::exchange::attempt
