#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tollgate::test {

/// A certificate and its key, PEM.
struct TestCertificate {
  std::string cert_pem;
  std::string key_pem;
};

/// What a test certificate says.
struct CertificateSpec {
  std::string common_name = "test";
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::vector<std::string> uris;
  /// Validity relative to the machine's real time.
  std::chrono::seconds not_before{-3600};
  std::chrono::seconds not_after{86400};
  bool rsa = false;  // else ECDSA P-256
};

/// A throw-away certificate authority; every instance has a new key.
class TestCa {
 public:
  explicit TestCa(const std::string& name = "Test CA");
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  /// The authority's own certificate.
  [[nodiscard]] const std::string& pem() const { return pem_; }
  [[nodiscard]] TestCertificate issue(const CertificateSpec& spec) const;
  /// A server certificate for one DNS name (or IP address, if it is one).
  [[nodiscard]] TestCertificate issue_for(const std::string& name) const;

 private:
  struct Key;
  std::unique_ptr<Key> key_;
  std::string pem_;
};

}  // namespace tollgate::test
