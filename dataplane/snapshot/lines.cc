#include <algorithm>
#include <variant>

#include "dataplane/base/text.h"
#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/limits.h"
#include "dataplane/snapshot/resource.h"

// One resource per line. The key stands at the end of its line in a fixed spelling, so that a line
// is taken apart without parsing its body; the body is checked when it is decoded to its type.

namespace tollgate::dataplane::snapshot {

namespace {

constexpr std::string_view kBodyOpen = "{\"body\":";
constexpr std::string_view kKeyOpen = ",\"key\":\"";
constexpr std::string_view kLineEnd = "\"}";
constexpr std::string_view kHashOpen = "{\"hash\":\"";
constexpr std::string_view kRevisionOpen = "\",\"revision\":\"";
constexpr std::string_view kSchemaOpen = "\",\"schema\":";
constexpr std::string_view kSecretKind = "secret";
constexpr std::size_t kHexDigits = 32;

base::Error line_error(std::size_t line, std::string_view why) {
  return base::config_error(base::Code::kInvalidArgument,
                            "line " + std::to_string(line) + ": " + std::string(why));
}

bool is_key_char(char c) {
  return c > ' ' && c < 0x7F && c != '"' && c != '\\';
}

/// Takes `prefix` off the front of `text`.
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

struct Header {
  base::Hash128 hash;  // of everything behind the first line
  base::Hash128 revision;
};

base::Result<Header> parse_header(std::string_view line) {
  const auto hex = [&line]() {
    const auto hash = base::hash128_from_hex(line.substr(0, kHexDigits));
    line.remove_prefix(std::min(kHexDigits, line.size()));
    return hash;
  };
  if (!take(line, kHashOpen)) return line_error(1, "not a snapshot");
  const auto hash = hex();
  if (!hash || !take(line, kRevisionOpen)) return line_error(1, "not a snapshot");
  const auto revision = hex();
  if (!revision || !take(line, kSchemaOpen) || !line.ends_with('}')) {
    return line_error(1, "not a snapshot");
  }
  line.remove_suffix(1);
  const auto schema = base::parse_u64(line);
  if (!schema) return line_error(1, "not a snapshot");
  if (*schema == 0 || *schema > kSchemaVersion) {
    return base::config_error(base::Code::kUnsupported,
                              "line 1: schema " + std::to_string(*schema) +
                                  "; this program reads up to " + std::to_string(kSchemaVersion));
  }
  return Header{*hash, *revision};
}

base::Result<std::shared_ptr<const Resource>> parse_line(std::string_view line,
                                                         std::size_t number) {
  if (line.size() > kMaxBodyBytes + kMaxKeyBytes) return line_error(number, "too long");
  if (!take(line, kBodyOpen) || !line.ends_with(kLineEnd)) {
    return line_error(number, "not {\"body\":...,\"key\":\"...\"}");
  }
  line.remove_suffix(kLineEnd.size());
  const std::size_t key_at = line.rfind(kKeyOpen);
  if (key_at == std::string_view::npos) return line_error(number, "no key");
  const std::string_view key = line.substr(key_at + kKeyOpen.size());
  if (!is_valid_key(key)) return line_error(number, "invalid key");
  return make_resource(std::string(key), std::string(line.substr(0, key_at)));
}

std::string redacted(const Resource& resource) {
  const auto value = decode(kSecretKind, resource.body);
  if (!value) return "{\"digest\":null}";
  return "{\"digest\":\"" + std::get<SecretValue>(*value).value.digest() + "\"}";
}

}  // namespace

bool is_valid_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes && key.find('/') != std::string_view::npos &&
         std::all_of(key.begin(), key.end(), is_key_char);
}

std::string encode_lines(const ResourceSet& set, Secrets secrets) {
  std::string lines;
  for (const auto& [key, resource] : set.all()) {
    lines += kBodyOpen;
    if (secrets == Secrets::kRedact && kind_of(key) == kSecretKind) {
      lines += redacted(*resource);
    } else {
      lines += resource->body;
    }
    lines += kKeyOpen;
    lines += key;
    lines += kLineEnd;
    lines += '\n';
  }
  std::string text(kHashOpen);
  text += base::to_hex(base::hash128(lines));
  text += kRevisionOpen;
  text += set.revision();
  text += kSchemaOpen;
  text += std::to_string(kSchemaVersion);
  text += "}\n";
  text += lines;
  return text;
}

base::Result<ResourceSet> decode_lines(std::string_view text) {
  if (text.size() > kMaxSetBytes) return line_error(1, "the snapshot is too large");
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return line_error(1, "not a snapshot");
  TRY_ASSIGN(const Header header, parse_header(text.substr(0, end)));
  text.remove_prefix(end + 1);
  if (base::hash128(text) != header.hash) return line_error(1, "the hash does not fit the content");
  ResourceSet set;
  std::string last;
  for (std::size_t number = 2; !text.empty(); ++number) {
    end = text.find('\n');
    if (end == std::string_view::npos) return line_error(number, "the last line has no end");
    TRY_ASSIGN(auto resource, parse_line(text.substr(0, end), number));
    text.remove_prefix(end + 1);
    if (resource->key <= last) return line_error(number, "keys are not in order");
    last = resource->key;
    set.put(std::move(resource));
  }
  if (set.hash() != header.revision) {
    return line_error(1, "the revision does not fit the resources");
  }
  return set;
}

}  // namespace tollgate::dataplane::snapshot
