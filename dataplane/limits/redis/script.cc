#include "dataplane/limits/redis/script.h"

#include <openssl/evp.h>

#include <array>

namespace tollgate::dataplane::limits::redis {

namespace {

constexpr std::string_view kScript = R"(
local counters = #KEYS
local number = tonumber(ARGV[1])
if number > 0 then
  local journal = KEYS[counters]
  if number <= tonumber(redis.call('GET', journal) or '0') then return {} end
  redis.call('SET', journal, ARGV[1], 'EX', 3600)
  counters = counters - 1
end
local counts = {}
for i = 1, counters do
  local amount = tonumber(ARGV[2 * i])
  if amount == 0 then
    counts[i] = tonumber(redis.call('GET', KEYS[i]) or '0')
  else
    counts[i] = redis.call('INCRBY', KEYS[i], ARGV[2 * i])
    if counts[i] == amount then redis.call('EXPIRE', KEYS[i], ARGV[2 * i + 1]) end
  end
end
return counts
)";

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4U];
    hex += kDigits[digest[i] & 0xFU];
  }
  return hex;
}

}  // namespace

std::string_view script_text() {
  return kScript;
}

const std::string& script_id() {
  static const std::string id = sha1_hex(kScript);
  return id;
}

}  // namespace tollgate::dataplane::limits::redis
