#include "dataplane/net/tls/names.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::net::tls {

namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string text_of(const ASN1_IA5STRING& text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&text)),
          static_cast<std::size_t>(ASN1_STRING_length(&text))};
}

}  // namespace

CertificateNames names_of(x509_st& certificate) {
  CertificateNames result;
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return result;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) result.dns_names.push_back(text_of(*name->d.dNSName));
    if (name->type == GEN_URI) {
      result.uris.push_back(text_of(*name->d.uniformResourceIdentifier));
    }
  }
  return result;
}

bool bears_one_of(x509_st& certificate, const std::vector<SubjectName>& names) {
  constexpr unsigned kFlags =
      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  const CertificateNames borne = names_of(certificate);
  for (const SubjectName& name : names) {
    if (name.kind == SubjectName::Kind::kHostname) {
      if (X509_check_host(&certificate, name.value.data(), name.value.size(), kFlags, nullptr) ==
          1) {
        return true;
      }
      continue;
    }
    for (const std::string& uri : borne.uris) {
      if (uri == name.value) return true;
    }
  }
  return false;
}

std::string subject_of(x509_st& certificate) {
  const Handle<bio_st> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string sha256_of(x509_st& certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(&certificate, &der);
  if (length <= 0) return {};
  std::string hex =
      base::sha256_hex({reinterpret_cast<char*>(der), static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  return hex;
}

}  // namespace tollgate::dataplane::net::tls
