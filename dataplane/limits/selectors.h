#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/router/rule_matches.h"
#include "dataplane/snapshot/limit_types.h"

namespace tollgate::dataplane::limits {

/// An IP address as comparable bytes: IPv4 is written as IPv6 (::ffff:a.b.c.d).
using IpBytes = std::array<unsigned char, 16>;
/// nullopt if the text is no address; a zone ("%eth0") is left out.
std::optional<IpBytes> parse_ip(std::string_view text);

/// Where the value of a distinct selector comes from.
struct ValueSource {
  enum class Kind : std::uint8_t { kHeader, kQuery, kAddress };
  Kind kind = Kind::kHeader;
  std::string name;

  friend bool operator==(const ValueSource&, const ValueSource&) = default;
};

/// The compiled selectors of one limit: all of them have to match.
class Selectors {
 public:
  explicit Selectors(const snapshot::LimitRule& rule);

  /// `peer` is nullopt when the client's address is not known: prefixes then match nothing.
  [[nodiscard]] bool match(const router::RequestView& request,
                           const std::optional<IpBytes>& peer) const;
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  /// What the counter is made distinct by, in the order of the selectors.
  [[nodiscard]] const std::vector<ValueSource>& values() const { return values_; }

 private:
  struct Value {
    const snapshot::LimitValueMatch* wanted = nullptr;
    std::unique_ptr<router::Regex> regex;
  };
  struct Prefix {
    IpBytes bytes{};
    unsigned bits = 0;
    bool v4 = false;  // matches IPv4 addresses only, otherwise IPv6 ones only
    bool invert = false;
  };
  struct Part {
    const snapshot::LimitSelector* selector = nullptr;
    std::vector<Value> headers;
    std::vector<Value> query;
    std::vector<Prefix> prefixes;
    std::unique_ptr<router::Regex> path;
  };

  static std::vector<Value> compile(const std::vector<snapshot::LimitValueMatch>& matches);
  static bool accepts(const Value& value, std::optional<std::string_view> text);
  static bool accepts(const Prefix& prefix, const std::optional<IpBytes>& peer);
  static bool accepts_method(const Part& part, std::string_view method);
  static bool accepts_path(const Part& part, std::string_view path);

  std::vector<Part> parts_;
  std::vector<ValueSource> values_;
};

/// The header's value as limits see it: the model for x-ai-eg-model, else all lines of the name as
/// one list (RFC 9110 5.3). nullopt: the request has none.
std::optional<std::string_view> header_value(const router::RequestView& request,
                                             std::string_view name);

}  // namespace tollgate::dataplane::limits
