#include <algorithm>
#include <array>

#include "dataplane/base/text.h"
#include "dataplane/exchange/exchange.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/method.h"
#include "dataplane/http/path.h"

namespace tollgate::dataplane::exchange {

namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::string_view kRequestIdField = "x-request-id";

std::string_view lower_copy(std::string_view text, base::Arena& arena) {
  const bool clean =
      std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (clean) return text;
  auto* out = arena.allocate_array<char>(text.size());
  std::transform(text.begin(), text.end(), out, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return {out, text.size()};
}

/// A random UUID (version 4).
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

bool is_usable_request_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Step admit(Exchange& exchange) {
  Request& request = exchange.request();
  http::RequestHead& head = *request.head;
  head.fields.remove_if(
      [](const http::Field& field) { return attempt::is_internal_field(field.name); });
  const std::string_view id = head.fields.value_of(kRequestIdField);
  request.id =
      is_usable_request_id(id) ? id : new_request_id(exchange.services().random, exchange.arena());
  request.peer_ip = exchange.connection().peer_ip;
  request.path = head.path;
  // CONNECT has no origin to tunnel to here; TRACE would show the client our credentials.
  if (head.form == http::TargetForm::kAuthority || head.method == http::kTrace) {
    return exchange.respond(Fault::kMethodRefused);
  }
  if (const auto authority = http::parse_authority(head.authority)) {
    request.host = lower_copy(authority->host, exchange.arena());
  }
  if (head.form == http::TargetForm::kAsterisk) return Step::kContinue;
  const auto path = http::normalize_path(head.path, {}, exchange.arena());
  if (!path) return exchange.respond(Fault::kMalformedPath);
  request.path = path->path;
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
