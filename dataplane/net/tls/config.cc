#include "dataplane/net/tls/config.h"

#include <string_view>

namespace tollgate::dataplane::net::tls {

namespace {

/// Texts one after another, each after its length, so that no two lists give the same bytes.
class Fingerprint {
 public:
  void add(std::string_view text) {
    bytes_ += std::to_string(text.size());
    bytes_ += ':';
    bytes_ += text;
  }
  void add(std::size_t number) { add(std::string_view(std::to_string(number))); }
  void add(const base::Secret& secret) {
    add(std::string_view(secret.empty() ? std::string() : base::sha256_hex(secret.reveal())));
  }
  void add(const std::vector<std::string>& texts) {
    add(texts.size());
    for (const std::string& text : texts) add(std::string_view(text));
  }
  void add(const KeyPair& pair) {
    add(std::string_view(pair.chain_pem));
    add(pair.key_pem);
  }
  [[nodiscard]] base::Hash128 hash() const { return base::hash128(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace

base::Hash128 ClientConfig::id() const {
  Fingerprint print;
  print.add(std::string_view("client"));
  print.add(std::string_view(server_name));
  print.add(subject_names.size());
  for (const SubjectName& name : subject_names) {
    print.add(static_cast<std::size_t>(name.kind));
    print.add(std::string_view(name.value));
  }
  print.add(std::size_t{trust.system});
  print.add(trust.pems);
  print.add(identity);
  print.add(alpn);
  print.add(static_cast<std::size_t>(min_version));
  print.add(std::size_t{insecure_skip_verify});
  return print.hash();
}

base::Hash128 ServerConfig::id() const {
  Fingerprint print;
  print.add(std::string_view("server"));
  print.add(identities.size());
  for (const ServerIdentity& identity : identities) {
    print.add(std::string_view(identity.hostname));
    print.add(identity.certificates.size());
    for (const KeyPair& pair : identity.certificates) print.add(pair);
  }
  print.add(alpn);
  print.add(static_cast<std::size_t>(min_version));
  print.add(static_cast<std::size_t>(client_auth));
  print.add(client_ca_pems);
  print.add(ticket_key);
  return print.hash();
}

}  // namespace tollgate::dataplane::net::tls
