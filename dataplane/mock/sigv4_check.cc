#include "dataplane/mock/sigv4_check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "bedrock";
constexpr std::chrono::minutes kClockSkewLimit{5};

base::Error refuse(std::string_view type, std::string_view sentence) {
  return base::client_error(base::Code::kUnauthenticated,
                            std::string(type) + ": " + std::string(sentence));
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15U]);
  }
  return text;
}

/// The path as it stands on the wire is encoded once more: what AWS calls double encoding, for
/// every service but S3.
std::string encode_path(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || c == '/';
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15U]);
    }
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::string> pieces;
  for (const std::string_view piece : base::split(query, '&')) {
    if (piece.empty()) continue;
    pieces.emplace_back(piece);
    if (piece.find('=') == std::string_view::npos) pieces.back() += '=';
  }
  std::sort(pieces.begin(), pieces.end());
  std::string out;
  for (const std::string& piece : pieces) {
    if (!out.empty()) out += '&';
    out += piece;
  }
  return out;
}

std::string_view parameter(std::string_view authorization, std::string_view name) {
  const std::size_t at = authorization.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = authorization.substr(at + name.size());
  return base::trim(rest.substr(0, rest.find(',')));
}

std::string signed_value(const http::RequestHead& head, std::string_view name) {
  if (name == "host") return std::string(head.authority);
  if (name == "content-length") return std::to_string(head.content_length);
  std::string value;
  for (const http::Field& field : head.fields) {
    if (!base::equals_ignore_case(field.name, name)) continue;
    if (!value.empty()) value += ',';
    value += base::trim(field.value);
  }
  return value;
}

struct Scope {
  std::string date;   // 20260101
  std::string whole;  // 20260101/us-west-2/bedrock/aws4_request
};

base::Result<Scope> check_scope(std::string_view credential, const ExpectedCredential& expected) {
  const auto parts = base::split(credential, '/');
  if (parts.size() != 5 || parts[0] != expected.access_key_id) {
    return refuse("UnrecognizedClientException",
                  "The security token included in the request is invalid.");
  }
  if (parts[2] != expected.region || parts[3] != kService || parts[4] != "aws4_request") {
    return refuse("InvalidSignatureException",
                  "Credential should be scoped to a valid region and service.");
  }
  return Scope{std::string(parts[1]), std::string(credential.substr(parts[0].size() + 1))};
}

base::Status check_date(std::string_view amz_date, const Scope& scope, base::WallTime now) {
  std::tm broken{};
  if (amz_date.size() != 16 ||
      strptime(std::string(amz_date).c_str(), "%Y%m%dT%H%M%SZ", &broken) == nullptr ||
      amz_date.substr(0, 8) != scope.date) {
    return refuse("InvalidSignatureException", "The date of the request is missing or malformed.");
  }
  const auto sent = std::chrono::system_clock::from_time_t(timegm(&broken));
  if (sent > now + kClockSkewLimit || sent < now - kClockSkewLimit) {
    return refuse("InvalidSignatureException", "Signature expired or not yet valid.");
  }
  return {};
}

bool must_be_signed(std::string_view name) {
  return name == "host" || name.substr(0, 6) == "x-amz-";
}

}  // namespace

base::Status check_sigv4(const http::RequestHead& head, std::string_view body,
                         const ExpectedCredential& expected, base::WallTime now) {
  const std::string_view authorization = head.fields.value_of("authorization");
  if (authorization.substr(0, kAlgorithm.size()) != kAlgorithm) {
    return refuse("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  TRY_ASSIGN(const Scope scope, check_scope(parameter(authorization, "Credential="), expected));
  const std::string_view amz_date = head.fields.value_of("x-amz-date");
  TRY(check_date(amz_date, scope, now));
  if (head.fields.value_of("x-amz-security-token") != expected.session_token) {
    return refuse("UnrecognizedClientException",
                  "The security token included in the request is invalid.");
  }
  const auto signed_names = base::split(parameter(authorization, "SignedHeaders="), ';');
  const auto is_signed = [&](std::string_view name) {
    return std::find(signed_names.begin(), signed_names.end(), name) != signed_names.end();
  };
  bool all_signed = is_signed("host");
  for (const http::Field& field : head.fields) {
    const std::string name = base::to_lower(field.name);
    all_signed = all_signed && (!must_be_signed(name) || is_signed(name));
  }
  if (!all_signed || !std::is_sorted(signed_names.begin(), signed_names.end())) {
    return refuse("InvalidSignatureException",
                  "'Host' and every 'X-Amz-' header must be signed, in order.");
  }
  std::string canonical(head.method);
  canonical += '\n' + encode_path(head.path) + '\n' + canonical_query(head.query) + '\n';
  for (const std::string_view name : signed_names) {
    canonical += std::string(name) + ':' + signed_value(head, name) + '\n';
  }
  canonical += '\n' + std::string(parameter(authorization, "SignedHeaders=")) + '\n';
  canonical += base::sha256_hex(body);
  const std::string to_sign = std::string(kAlgorithm) + '\n' + std::string(amz_date) + '\n' +
                              scope.whole + '\n' + base::sha256_hex(canonical);
  std::string key = hmac("AWS4" + std::string(expected.key.reveal()), scope.date);
  key = hmac(hmac(hmac(key, expected.region), kService), "aws4_request");
  if (hex(hmac(key, to_sign)) != parameter(authorization, "Signature=")) {
    return refuse("InvalidSignatureException",
                  "The request signature we calculated does not match the signature you provided.");
  }
  return {};
}

}  // namespace tollgate::dataplane::mock
