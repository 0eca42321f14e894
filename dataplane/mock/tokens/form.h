#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/mock/model_host.h"

namespace tollgate::dataplane::mock::tokens {

/// The parameters of a token request.
class Form {
 public:
  /// Of a body that is application/x-www-form-urlencoded, or JSON whose members are strings (names
  /// in camelCase are read as snake_case). nullopt if it is neither or a name comes twice.
  static std::optional<Form> read(const Call& call, bool takes_json);

  /// Empty if absent.
  [[nodiscard]] const std::string& get(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

/// The claims of a signed assertion that a token service looks at.
struct Assertion {
  std::string algorithm;
  std::string issuer;
  std::string subject;
  std::string audience;
  std::string scope;
  std::int64_t issued_unix_s = 0;
  std::int64_t expiry_unix_s = 0;
};
/// Decodes a JWT; nullopt if it is none.
std::optional<Assertion> read_assertion(std::string_view jwt);
/// Whether a JWT carries an RS256 signature that this public key made good. An empty key: not
/// checked.
bool has_signature(std::string_view jwt, const std::string& public_key_pem);

}  // namespace tollgate::dataplane::mock::tokens
