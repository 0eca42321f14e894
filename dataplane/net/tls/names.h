#pragma once

#include <string>
#include <vector>

#include "dataplane/net/tls/config.h"
#include "dataplane/net/tls/handles.h"

namespace tollgate::dataplane::net::tls {

/// The names of a certificate's subjectAltName extension.
struct CertificateNames {
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
};
CertificateNames names_of(x509_st& certificate);

/// True if the certificate bears one of the names: host names by RFC 6125 (wildcard in the whole
/// left-most label, the subject's CN never counts), URIs byte for byte.
bool bears_one_of(x509_st& certificate, const std::vector<SubjectName>& names);

/// "CN=name,O=..." of the subject.
std::string subject_of(x509_st& certificate);
/// Hex SHA-256 of the certificate.
std::string sha256_of(x509_st& certificate);

}  // namespace tollgate::dataplane::net::tls
