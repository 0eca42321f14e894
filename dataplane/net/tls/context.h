#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/net/tls/config.h"

namespace tollgate::dataplane::net::tls {

/// A compiled ClientConfig with its resumable sessions. One worker's.
class ClientContext {
 public:
  class Impl;
  explicit ClientContext(std::unique_ptr<Impl> impl);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  [[nodiscard]] const ClientConfig& config() const;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A compiled ServerConfig. One worker's.
class ServerContext {
 public:
  class Impl;
  /// kInvalidArgument (config) names the identity and what is wrong: bad PEM, a key that does not
  /// belong to its certificate.
  static base::Result<std::shared_ptr<ServerContext>> create(const ServerConfig& config);
  explicit ServerContext(std::unique_ptr<Impl> impl);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// The client contexts of one worker: one SSL_CTX per configuration in use, one certificate store
/// per set of authorities (reading the system's takes milliseconds and a megabyte).
class ClientContexts {
 public:
  /// `extra` is believed by every context besides its own trust (--upstream-ca).
  explicit ClientContexts(Trust extra = {});
  ~ClientContexts();
  ClientContexts(const ClientContexts&) = delete;
  ClientContexts& operator=(const ClientContexts&) = delete;

  /// The context of an equal configuration if one is alive, else a new one.
  base::Result<std::shared_ptr<ClientContext>> get(const ClientConfig& config);

  /// Contexts alive.
  [[nodiscard]] std::size_t size() const;

 private:
  class Stores;
  Trust extra_;
  std::unique_ptr<Stores> stores_;
  std::map<base::Hash128, std::weak_ptr<ClientContext>> contexts_;
};

/// Checks a chain and key without serving them: used when configuration arrives.
base::Status check_key_pair(const KeyPair& pair);
/// At least one certificate, all well-formed.
base::Status check_ca_pem(const std::string& pem);

}  // namespace tollgate::dataplane::net::tls
