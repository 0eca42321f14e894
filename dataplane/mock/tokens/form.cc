#include "dataplane/mock/tokens/form.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cctype>
#include <memory>

#include "dataplane/base/text.h"
#include "dataplane/mock/fields.h"
#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock::tokens {

namespace {

std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) {
      out.push_back('_');
      out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string media_type(const Call& call) {
  const std::string type = base::to_lower(call.head->fields.value_of("content-type"));
  return std::string(base::trim(std::string_view(type).substr(0, type.find(';'))));
}

}  // namespace

std::optional<Form> Form::read(const Call& call, bool takes_json) {
  Form form;
  const std::string type = media_type(call);
  if (type == "application/json" && takes_json) {
    json::Reader reader;
    const auto body = reader.open(call.body);
    if (!body || body->type() != json::Type::kObject) return std::nullopt;
    auto members = *body->members();
    while (members.next()) {
      const auto text = members.value().string();
      if (!text) return std::nullopt;
      form.values_[snake_case(members.key())] = *text;
    }
    return form;
  }
  if (type != "application/x-www-form-urlencoded") return std::nullopt;
  for (const std::string_view piece : base::split(call.body, '&')) {
    const std::size_t equals = piece.find('=');
    const auto name = unescape(piece.substr(0, equals), true);
    const auto value = unescape(
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1), true);
    if (!name || !value || !form.values_.emplace(*name, *value).second) return std::nullopt;
  }
  return form;
}

const std::string& Form::get(const std::string& name) const {
  static const std::string kNone;
  const auto at = values_.find(name);
  return at == values_.end() ? kNone : at->second;
}

std::optional<Assertion> read_assertion(std::string_view jwt) {
  const auto parts = base::split(jwt, '.');
  if (parts.size() != 3) return std::nullopt;
  const auto header = decode_media(parts[0]);
  const auto payload = decode_media(parts[1]);
  if (!header || !payload) return std::nullopt;
  Assertion assertion;
  json::Reader reader;
  const json::PaddedText header_text(*header);
  const auto head = reader.open(header_text.view());
  if (!head) return std::nullopt;
  assertion.algorithm = text_of(*head, "alg");
  const json::PaddedText payload_text(*payload);
  const auto claims = reader.open(payload_text.view());
  if (!claims) return std::nullopt;
  assertion.issuer = text_of(*claims, "iss");
  assertion.subject = text_of(*claims, "sub");
  assertion.audience = text_of(*claims, "aud");
  assertion.scope = text_of(*claims, "scope");
  assertion.issued_unix_s = integer_of(*claims, "iat").value_or(0);
  assertion.expiry_unix_s = integer_of(*claims, "exp").value_or(0);
  return assertion;
}

bool has_signature(std::string_view jwt, const std::string& public_key_pem) {
  if (public_key_pem.empty()) return true;
  const std::size_t dot = jwt.rfind('.');
  const auto signature = decode_media(jwt.substr(dot + 1));
  if (!signature) return false;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(public_key_pem.data(), static_cast<int>(public_key_pem.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  if (key == nullptr || context == nullptr) return false;
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature->data()),
                          signature->size(), reinterpret_cast<const unsigned char*>(jwt.data()),
                          dot) == 1;
}

}  // namespace tollgate::dataplane::mock::tokens
