#include "dataplane/json/body_scan.h"

#include <algorithm>
#include <string>

namespace tollgate::dataplane::json {

namespace {

constexpr std::int64_t kMaxTokenLimit = std::int64_t{1} << 53U;
constexpr std::string_view kIncludeUsage = "include_usage";

base::Error refused(std::string why) {
  return base::client_error(base::Code::kInvalidArgument, std::move(why));
}

/// Takes one character off `text` folded the way that servers which ignore case do: ASCII letters,
/// and the two other characters that Unicode folds to ASCII, U+017F (s) and U+212A (k).
char take_folded(std::string_view& text) {
  constexpr std::string_view kLongS = "\xC5\xBF";
  constexpr std::string_view kKelvin = "\xE2\x84\xAA";
  if (text.substr(0, kLongS.size()) == kLongS) {
    text.remove_prefix(kLongS.size());
    return 's';
  }
  if (text.substr(0, kKelvin.size()) == kKelvin) {
    text.remove_prefix(kKelvin.size());
    return 'k';
  }
  const char c = text.front();
  text.remove_prefix(1);
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equals_folded(std::string_view key, std::string_view known) {
  while (!key.empty() && !known.empty()) {
    if (take_folded(key) != known.front()) return false;
    known.remove_prefix(1);
  }
  return key.empty() && known.empty();
}

/// The index of the policy key that `key` is or could be taken for; their number if none.
std::size_t policy_index(std::string_view key) {
  if (key.empty()) return kPolicyKeys.size();
  // Folding never makes a text longer, and but for the two odd characters keeps its length.
  const bool plain = std::none_of(key.begin(), key.end(),
                                  [](char c) { return static_cast<unsigned char>(c) >= 0x80U; });
  for (std::size_t i = 0; i < kPolicyKeys.size(); ++i) {
    const std::string_view known = kPolicyKeys[i];
    if (plain && (key.size() != known.size() || (key[0] | 0x20) != known[0])) continue;
    if (equals_folded(key, known)) return i;
  }
  return kPolicyKeys.size();
}

Range range_of(const Value& value) {
  const auto raw = value.raw();
  return {value.offset(), raw->size()};
}

base::Result<std::optional<std::uint64_t>> token_limit(std::string_view key, const Value& value) {
  if (value.is_null()) return std::optional<std::uint64_t>{};
  const auto number = value.integer();
  if (!number || *number < 0 || *number > kMaxTokenLimit) {
    return refused(std::string(key) + " is not a whole number of tokens");
  }
  return std::optional<std::uint64_t>(static_cast<std::uint64_t>(*number));
}

base::Status take_stream_options(const Value& value, BodyScan& scan) {
  scan.stream_options = range_of(value);
  if (value.is_null()) return {};
  auto members = value.members();
  if (!members) return refused("stream_options is not an object");
  scan.has_stream_options = true;
  scan.stream_options_open = value.offset() + 1;
  scan.stream_options_empty = true;
  while (members->next()) {
    scan.stream_options_empty = false;
    if (!equals_folded(members->key(), kIncludeUsage)) continue;
    if (members->key() != kIncludeUsage || scan.include_usage_token.length > 0) {
      return refused("stream_options.include_usage is ambiguous");
    }
    scan.include_usage_token = range_of(members->value());
    if (members->value().is_null()) continue;
    const auto flag = members->value().boolean();
    if (!flag) return refused("stream_options.include_usage is not a boolean");
    scan.include_usage = *flag;
  }
  return {};
}

base::Status take_model(const Value& value, base::Arena& arena, BodyScan& scan) {
  scan.model_token = range_of(value);
  if (value.is_null()) return {};
  const auto model = value.string();
  if (!model) return refused("model is not a string");
  scan.has_model = true;
  scan.model = arena.copy(*model);
  return {};
}

base::Status take_member(std::string_view key, const Value& value, base::Arena& arena,
                         BodyScan& scan) {
  if (key == "model") return take_model(value, arena, scan);
  if (key == "stream_options") return take_stream_options(value, scan);
  if (key == "stream") {
    scan.stream_token = range_of(value);
    if (value.is_null()) return {};
    const auto flag = value.boolean();
    if (!flag) return refused("stream is not a boolean");
    scan.stream = *flag;
  } else if (key == "max_tokens") {
    TRY_ASSIGN(scan.max_tokens, token_limit(key, value));
  } else if (key == "max_completion_tokens") {
    TRY_ASSIGN(scan.max_completion_tokens, token_limit(key, value));
  } else if (key == "max_output_tokens") {
    TRY_ASSIGN(scan.max_output_tokens, token_limit(key, value));
  } else if (key == "user" && value.type() == Type::kString) {
    scan.user = arena.copy(*value.string());
  }
  return {};
}

}  // namespace

base::Result<BodyScan> scan_body(Reader& reader, std::string_view padded_body, base::Arena& arena) {
  TRY_ASSIGN(const Value root, reader.open(padded_body));
  auto members = root.members();
  if (!members) return refused("body is not a JSON object");
  BodyScan scan;
  scan.members_open = root.offset() + 1;
  scan.empty_object = true;
  std::array<bool, kPolicyKeys.size()> seen{};
  while (members->next()) {
    scan.empty_object = false;
    const std::size_t index = policy_index(members->key());
    if (index == kPolicyKeys.size()) continue;
    const std::string_view known = kPolicyKeys[index];
    if (members->key() != known) {
      return refused("a member differs from " + std::string(known) + " only by case");
    }
    if (seen[index]) return refused("repeated member " + std::string(known));
    seen[index] = true;
    TRY(take_member(known, members->value(), arena, scan));
  }
  return scan;
}

}  // namespace tollgate::dataplane::json
