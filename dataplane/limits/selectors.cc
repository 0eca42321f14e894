#include "dataplane/limits/selectors.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "dataplane/http/query.h"

namespace tollgate::dataplane::limits {

namespace {

using snapshot::LimitMatchType;

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96

/// An IPv4 address, as itself or as the socket of an IPv6 listener shows it.
bool is_v4(const IpBytes& bytes) {
  const auto mapped = bytes.begin() + 10;
  return std::all_of(bytes.begin(), mapped, [](unsigned char byte) { return byte == 0; }) &&
         mapped[0] == 0xFF && mapped[1] == 0xFF;
}

}  // namespace

std::optional<IpBytes> parse_ip(std::string_view text) {
  text = text.substr(0, text.find('%'));
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.size() >= copy.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  IpBytes bytes{};
  if (text.find(':') != std::string_view::npos) {
    if (inet_pton(AF_INET6, copy.data(), bytes.data()) != 1) return std::nullopt;
    return bytes;
  }
  bytes[10] = bytes[11] = 0xFF;
  if (inet_pton(AF_INET, copy.data(), bytes.data() + 12) != 1) return std::nullopt;
  return bytes;
}

std::optional<std::string_view> header_value(const router::RequestView& request,
                                             std::string_view name) {
  if (request.has_model && name == router::kModelHeader) return request.model;
  if (request.fields == nullptr) return std::nullopt;
  return request.fields->joined(name, *request.arena);
}

Selectors::Selectors(const snapshot::LimitRule& rule) {
  for (const snapshot::LimitSelector& selector : rule.selectors) {
    Part part;
    part.selector = &selector;
    part.headers = compile(selector.headers);
    part.query = compile(selector.query);
    for (const auto& header : selector.headers) {
      if (header.type != LimitMatchType::kDistinct) continue;
      values_.push_back({ValueSource::Kind::kHeader, header.name});
    }
    for (const snapshot::LimitSource& source : selector.source_cidrs) {
      const std::size_t slash = source.prefix.find('/');
      const bool v6 = source.prefix.find(':') != std::string::npos;
      unsigned bits = 0;
      const char* const end = source.prefix.data() + source.prefix.size();
      std::from_chars(source.prefix.data() + slash + 1, end, bits);
      const IpBytes bytes =
          parse_ip(std::string_view(source.prefix).substr(0, slash)).value_or(IpBytes{});
      if (!v6) bits += kMappedBits;
      part.prefixes.push_back({bytes, bits, bits >= kMappedBits && is_v4(bytes), source.invert});
      if (source.distinct) values_.push_back({ValueSource::Kind::kAddress, {}});
    }
    for (const auto& query : selector.query) {
      if (query.type != LimitMatchType::kDistinct) continue;
      values_.push_back({ValueSource::Kind::kQuery, query.name});
    }
    if (selector.path && selector.path->type == snapshot::LimitPathType::kRegex) {
      part.path = std::make_unique<router::Regex>(selector.path->value);
    }
    parts_.push_back(std::move(part));
  }
}

std::vector<Selectors::Value> Selectors::compile(
    const std::vector<snapshot::LimitValueMatch>& matches) {
  std::vector<Value> values;
  for (const snapshot::LimitValueMatch& match : matches) {
    Value value;
    value.wanted = &match;
    if (match.type == LimitMatchType::kRegex) {
      value.regex = std::make_unique<router::Regex>(match.value);
    }
    values.push_back(std::move(value));
  }
  return values;
}

bool Selectors::accepts(const Value& value, std::optional<std::string_view> text) {
  if (!text) return false;
  switch (value.wanted->type) {
    case LimitMatchType::kDistinct:
      return true;
    case LimitMatchType::kExact:
      return (*text == value.wanted->value) != value.wanted->invert;
    case LimitMatchType::kRegex:
      return value.regex->matches(*text) != value.wanted->invert;
  }
  return false;
}

bool Selectors::accepts(const Prefix& prefix, const std::optional<IpBytes>& peer) {
  if (!peer) return false;
  const std::size_t whole = prefix.bits / 8;
  const unsigned rest = prefix.bits % 8;
  bool inside =
      prefix.v4 == is_v4(*peer) &&
      std::equal(prefix.bytes.begin(), prefix.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                 peer->begin());
  if (inside && rest != 0) {
    const unsigned mask = 0xFF00U >> rest & 0xFFU;
    inside = ((prefix.bytes[whole] ^ (*peer)[whole]) & mask) == 0;
  }
  return inside != prefix.invert;
}

bool Selectors::accepts_method(const Part& part, std::string_view method) {
  const auto& methods = part.selector->methods;
  if (methods.empty()) return true;
  return std::any_of(methods.begin(), methods.end(), [method](const auto& wanted) {
    return (wanted.value == method) != wanted.invert;
  });
}

bool Selectors::accepts_path(const Part& part, std::string_view path) {
  const auto& wanted = part.selector->path;
  if (!wanted) return true;
  bool fits = false;
  switch (wanted->type) {
    case snapshot::LimitPathType::kExact:
      fits = path == wanted->value;
      break;
    case snapshot::LimitPathType::kPrefix: {
      std::string_view prefix = wanted->value;
      while (prefix.ends_with('/')) prefix.remove_suffix(1);
      fits =
          path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
      break;
    }
    case snapshot::LimitPathType::kRegex:
      fits = part.path->matches(path);
      break;
  }
  return fits != wanted->invert;
}

bool Selectors::match(const router::RequestView& request,
                      const std::optional<IpBytes>& peer) const {
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    if (!accepts_method(part, request.method) || !accepts_path(part, request.path)) return false;
    for (const Value& header : part.headers) {
      if (!accepts(header, header_value(request, header.wanted->name))) return false;
    }
    for (const Prefix& prefix : part.prefixes) {
      if (!accepts(prefix, peer)) return false;
    }
    for (const Value& query : part.query) {
      const auto text = http::find_query_param(request.query, query.wanted->name, *request.arena);
      if (!accepts(query, text)) return false;
    }
    return true;
  });
}

}  // namespace tollgate::dataplane::limits
