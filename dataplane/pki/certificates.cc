#include "dataplane/pki/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace tollgate::dataplane::pki {

namespace {

constexpr std::chrono::minutes kClockSkew{5};
constexpr std::size_t kSerialBytes = 16;

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using Cert = std::unique_ptr<X509, Freer<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Number = std::unique_ptr<BIGNUM, Freer<BIGNUM, BN_free>>;

base::Error failure(std::string_view what) {
  ERR_clear_error();
  return base::internal_error("certificate: " + std::string(what) + " failed");
}

std::string drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Cert parse_certificate(std::string_view pem) {
  const Bio bio = reader(pem);
  return Cert(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

Key parse_key(const base::Secret& pem) {
  const Bio bio = reader(pem.reveal());
  return Key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] &= 0x7FU;  // positive (RFC 5280 4.1.2.2)
  const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, base::WallTime now, std::chrono::hours lifetime) {
  const auto from = std::chrono::system_clock::to_time_t(now - kClockSkew);
  const auto to = std::chrono::system_clock::to_time_t(now + lifetime);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), to) != nullptr;
}

bool set_name(X509_NAME* name, std::string_view common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

base::Result<KeyPair> to_pem(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_bio(BIO_new(BIO_s_mem()));
  const Bio key_bio(BIO_new(BIO_s_secmem()));
  if (!certificate_bio || !key_bio || PEM_write_bio_X509(certificate_bio.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return failure("writing PEM");
  }
  return KeyPair{drain(certificate_bio.get()), base::Secret(drain(key_bio.get()))};
}

std::string alternative_names(const LeafRequest& request) {
  std::string names;
  const auto add = [&names](std::string_view kind, std::string_view value) {
    if (!names.empty()) names += ',';
    names += kind;
    names += value;
  };
  for (const std::string& name : request.dns_names) add("DNS:", name);
  for (const std::string& uri : request.uris) add("URI:", uri);
  return names;
}

base::Result<base::WallTime> to_time(const ASN1_TIME* time) {
  std::tm broken{};
  if (ASN1_TIME_to_tm(time, &broken) != 1) return failure("reading a time");
  return std::chrono::system_clock::from_time_t(timegm(&broken));
}

}  // namespace

base::Result<KeyPair> issue_ca(std::string_view common_name, base::WallTime now,
                               std::chrono::hours lifetime) {
  const Key key(EVP_EC_gen("P-256"));
  const Cert certificate(X509_new());
  if (!key || !certificate) return failure("making a key");
  X509* cert = certificate.get();
  if (X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
      !set_times(cert, now, lifetime) || !set_name(X509_get_subject_name(cert), common_name) ||
      X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
      X509_set_pubkey(cert, key.get()) != 1 ||
      !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
      X509_sign(cert, key.get(), EVP_sha256()) == 0) {
    return failure("issuing the authority");
  }
  return to_pem(cert, key.get());
}

base::Result<KeyPair> issue_leaf(const KeyPair& ca, const LeafRequest& request, base::WallTime now,
                                 std::chrono::hours lifetime) {
  const Cert issuer = parse_certificate(ca.certificate_pem);
  const Key issuer_key = parse_key(ca.key_pem);
  if (!issuer || !issuer_key) return failure("reading the authority");
  const Key key(EVP_EC_gen("P-256"));
  const Cert certificate(X509_new());
  if (!key || !certificate) return failure("making a key");
  X509* cert = certificate.get();
  const std::string names = alternative_names(request);
  const char* usage = request.usage == Usage::kServer ? "serverAuth" : "clientAuth";
  if (X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
      !set_times(cert, now, lifetime) ||
      !set_name(X509_get_subject_name(cert), request.common_name) ||
      X509_set_issuer_name(cert, X509_get_subject_name(issuer.get())) != 1 ||
      X509_set_pubkey(cert, key.get()) != 1 ||
      !add_extension(cert, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(cert, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(cert, issuer.get(), NID_ext_key_usage, usage) ||
      !add_extension(cert, issuer.get(), NID_subject_key_identifier, "hash") ||
      !add_extension(cert, issuer.get(), NID_authority_key_identifier, "keyid") ||
      (!names.empty() && !add_extension(cert, issuer.get(), NID_subject_alt_name, names)) ||
      X509_sign(cert, issuer_key.get(), EVP_sha256()) == 0) {
    return failure("issuing a leaf");
  }
  return to_pem(cert, key.get());
}

base::Result<Validity> validity(std::string_view certificate_pem) {
  const Cert certificate = parse_certificate(certificate_pem);
  if (!certificate) {
    ERR_clear_error();
    return base::config_error(base::Code::kInvalidArgument, "the text holds no PEM certificate");
  }
  TRY_ASSIGN(const base::WallTime from, to_time(X509_get0_notBefore(certificate.get())));
  TRY_ASSIGN(const base::WallTime to, to_time(X509_get0_notAfter(certificate.get())));
  return Validity{from, to};
}

bool needs_rotation(const Validity& validity, base::WallTime now) {
  const auto whole = validity.not_after - validity.not_before;
  return now >= validity.not_before + whole * 2 / 3 || now < validity.not_before;
}

bool belongs_together(const KeyPair& pair, std::string_view ca_pem) {
  const Cert certificate = parse_certificate(pair.certificate_pem);
  const Key key = parse_key(pair.key_pem);
  bool good = false;
  if (certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1) {
    const Bio bio = reader(ca_pem);
    while (!good && bio) {
      const Cert ca(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      if (!ca) break;
      good = X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) == 1;
    }
  }
  ERR_clear_error();
  return good;
}

std::string gateway_uri(std::string_view gateway_namespace, std::string_view gateway_name) {
  std::string uri = "tollgate://gateway/";
  uri += gateway_namespace;
  uri += '/';
  uri += gateway_name;
  return uri;
}

}  // namespace tollgate::dataplane::pki
