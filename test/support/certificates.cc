#include "test/support/certificates.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

namespace tollgate::test {

namespace {

struct Free {
  void operator()(EVP_PKEY* object) const { EVP_PKEY_free(object); }
  void operator()(X509* object) const { X509_free(object); }
  void operator()(BIO* object) const { BIO_free_all(object); }
  void operator()(X509_EXTENSION* object) const { X509_EXTENSION_free(object); }
};
template <typename T>
using Handle = std::unique_ptr<T, Free>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("test certificate: ") + what);
}

Handle<EVP_PKEY> make_key(bool rsa) {
  constexpr std::size_t kRsaBits = 2048;
  Handle<EVP_PKEY> key(rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits)
                           : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  require(key != nullptr, "key");
  return key;
}

std::string take(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string pem_of(X509& certificate) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(bio.get(), &certificate) == 1, "write certificate");
  return take(bio.get());
}

std::string pem_of(EVP_PKEY& key) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "write key");
  return take(bio.get());
}

void add_extension(X509& certificate, X509& issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  require(extension != nullptr, value.c_str());
  require(X509_add_ext(&certificate, extension.get(), -1) == 1, "add extension");
}

/// A certificate without extensions and signature.
Handle<X509> make_certificate(const std::string& name, EVP_PKEY& key, std::chrono::seconds begin,
                              std::chrono::seconds end) {
  Handle<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  std::uint32_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "random");
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(serial));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), static_cast<long>(begin.count()));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(end.count()));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), &key);
  return certificate;
}

bool is_ip(const std::string& text) {
  std::array<unsigned char, 16> unused{};
  return inet_pton(AF_INET, text.c_str(), unused.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), unused.data()) == 1;
}

}  // namespace

struct TestCa::Key {
  Handle<EVP_PKEY> key;
  Handle<X509> certificate;
};

TestCa::TestCa(const std::string& name) : key_(std::make_unique<Key>()) {
  key_->key = make_key(false);
  key_->certificate =
      make_certificate(name, *key_->key, std::chrono::hours(-48), std::chrono::hours(24 * 30));
  X509& self = *key_->certificate;
  X509_set_issuer_name(&self, X509_get_subject_name(&self));
  add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(self, self, NID_subject_key_identifier, "hash");
  require(X509_sign(&self, key_->key.get(), EVP_sha256()) > 0, "sign");
  pem_ = pem_of(self);
}

TestCa::~TestCa() = default;

TestCertificate TestCa::issue(const CertificateSpec& spec) const {
  const Handle<EVP_PKEY> key = make_key(spec.rsa);
  const Handle<X509> leaf =
      make_certificate(spec.common_name, *key, spec.not_before, spec.not_after);
  X509& issuer = *key_->certificate;
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(&issuer));
  add_extension(*leaf, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*leaf, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  std::string names;
  const auto add_names = [&names](const char* kind, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      if (!names.empty()) names += ',';
      names += kind + value;
    }
  };
  add_names("DNS:", spec.dns_names);
  add_names("IP:", spec.ip_addresses);
  add_names("URI:", spec.uris);
  if (!names.empty()) add_extension(*leaf, issuer, NID_subject_alt_name, names);
  require(X509_sign(leaf.get(), key_->key.get(), EVP_sha256()) > 0, "sign");
  return {pem_of(*leaf), pem_of(*key)};
}

TestCertificate TestCa::issue_for(const std::string& name) const {
  CertificateSpec spec;
  spec.common_name = name;
  (is_ip(name) ? spec.ip_addresses : spec.dns_names).push_back(name);
  return issue(spec);
}

}  // namespace tollgate::test
