#include "dataplane/mock/issued.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/json/writer.h"
#include "dataplane/mock/fields.h"
#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock {

namespace {

/// Keeps tokens of a test apart from a user's own; it protects nothing.
constexpr std::string_view kMacKey = "built-in model server";

std::string_view name_of_kind(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAws:
      return "aws";
    case TokenKind::kAzure:
      return "azure";
    case TokenKind::kGoogle:
      return "google";
    case TokenKind::kGoogleFederated:
      return "google-federated";
    case TokenKind::kOidc:
      return "oidc";
  }
  return "none";
}

std::string mac_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), kMacKey.data(), static_cast<int>(kMacKey.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return base64url_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

std::string base64url_encode(std::string_view bytes) {
  std::string text = base::base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

std::string iso_time(base::WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm broken{};
  gmtime_r(&seconds, &broken);
  std::array<char, 32> text{};
  const std::size_t size = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken);
  return {text.data(), size};
}

base::Secret issue_token(TokenKind kind, std::string_view subject, std::string_view issuer,
                         base::WallTime expiry) {
  std::string payload;
  json::Writer writer(payload);
  writer.begin_object().member("kind", name_of_kind(kind)).member("sub", subject);
  writer.member("iss", issuer).member("exp", std::chrono::system_clock::to_time_t(expiry));
  writer.end_object();
  const std::string text =
      base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url_encode(payload);
  return base::Secret(text + "." + mac_of(text));
}

bool is_issued(std::string_view token) {
  const std::size_t dot = token.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string mac = mac_of(token.substr(0, dot));
  return mac.size() == token.size() - dot - 1 &&
         CRYPTO_memcmp(mac.data(), token.data() + dot + 1, mac.size()) == 0;
}

std::optional<IssuedToken> check_token(std::string_view token, TokenKind kind, base::WallTime now) {
  if (!is_issued(token)) return std::nullopt;
  const std::string_view text = token.substr(0, token.rfind('.'));
  const auto payload = decode_media(text.substr(text.find('.') + 1));
  if (!payload) return std::nullopt;
  const json::PaddedText padded(*payload);
  json::Reader reader;
  const auto claims = reader.open(padded.view());
  if (!claims || text_of(*claims, "kind") != name_of_kind(kind)) return std::nullopt;
  const auto expiry = integer_of(*claims, "exp");
  if (!expiry || std::chrono::system_clock::from_time_t(*expiry) <= now) return std::nullopt;
  return IssuedToken{text_of(*claims, "sub"), text_of(*claims, "iss")};
}

SessionKeys session_keys(std::string_view session_token) {
  constexpr std::size_t kIdDigits = 16;
  constexpr std::size_t kSecretDigits = 40;
  std::string digits = base::sha256_hex("id" + std::string(session_token)).substr(0, kIdDigits);
  std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return {"ASIA" + digits,
          base::Secret(
              base::sha256_hex("secret" + std::string(session_token)).substr(0, kSecretDigits))};
}

}  // namespace tollgate::dataplane::mock
