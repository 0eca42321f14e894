#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::dataplane::formats::chat {

// What providers seal (signatures of thoughts, thoughts that only they can read) comes back to them
// through clients of other dialects. Two marks of the gateway say whose it is:
//
//   "ID#SEALED"                        a reasoning item of OpenAI's Responses, with its id
//   base64("tollgate:" KIND ":" TEXT)  any seal, for dialects whose field holds bytes as base64

/// It seals an item of Responses: no other provider takes it.
bool is_item_seal(std::string_view sealed);

/// Base64 as every reader of it takes it: the standard alphabet, with padding.
bool is_strict_base64(std::string_view text);

enum class SealKind : char { kSignature = 's', kData = 'd' };

struct Seal {
  SealKind kind = SealKind::kSignature;
  std::string text;
};
std::string wrap_seal(SealKind kind, std::string_view text);
/// nullopt: it is not ours, and stands for itself.
std::optional<Seal> unwrap_seal(std::string_view base64);

}  // namespace tollgate::dataplane::formats::chat
