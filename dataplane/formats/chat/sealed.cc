#include "dataplane/formats/chat/sealed.h"

#include <algorithm>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::formats::chat {
namespace {

constexpr std::string_view kMark = "tollgate:";
/// The mark as base64: nine bytes make whole groups.
constexpr std::string_view kMarkBase64 = "dG9sbGdhdGU6";

}  // namespace

bool is_item_seal(std::string_view sealed) {
  // Base64, in either alphabet, has no such character.
  return sealed.find('#') != std::string_view::npos;
}

bool is_strict_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  });
}

std::string wrap_seal(SealKind kind, std::string_view text) {
  std::string marked(kMark);
  marked += static_cast<char>(kind);
  marked += ':';
  marked += text;
  return base::base64_encode(marked);
}

std::optional<Seal> unwrap_seal(std::string_view base64) {
  if (!base64.starts_with(kMarkBase64)) return std::nullopt;
  const auto bytes = base::base64_decode(base64);
  if (!bytes || bytes->size() < kMark.size() + 2 || (*bytes)[kMark.size() + 1] != ':') {
    return std::nullopt;
  }
  const char kind = (*bytes)[kMark.size()];
  if (kind != static_cast<char>(SealKind::kSignature) &&
      kind != static_cast<char>(SealKind::kData)) {
    return std::nullopt;
  }
  return Seal{static_cast<SealKind>(kind), bytes->substr(kMark.size() + 2)};
}

}  // namespace tollgate::dataplane::formats::chat
