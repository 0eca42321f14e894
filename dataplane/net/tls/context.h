#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "dataplane/base/result.h"
#include "dataplane/net/tls/config.h"

struct x509_store_st;

namespace tollgate::dataplane::net::tls {

/// Certificate stores by what they believe. They are immutable and shared by the contexts of all
/// threads: reading the system's takes tens of milliseconds and a megabyte. The lock is taken when
/// a configuration is compiled, never for a connection.
class TrustStores {
 public:
  /// `extra` is believed by every context besides its own trust (--upstream-ca).
  explicit TrustStores(Trust extra = {}) : extra_(std::move(extra)) {}
  TrustStores(const TrustStores&) = delete;
  TrustStores& operator=(const TrustStores&) = delete;

  base::Result<std::shared_ptr<x509_store_st>> get(const Trust& trust);

 private:
  static constexpr std::size_t kMaxStores = 256;

  const Trust extra_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<x509_store_st>> stores_;
};

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

/// The client contexts of one worker: one SSL_CTX per configuration in use.
class ClientContexts {
 public:
  explicit ClientContexts(std::shared_ptr<TrustStores> stores);
  explicit ClientContexts(Trust extra = {});
  ClientContexts(const ClientContexts&) = delete;
  ClientContexts& operator=(const ClientContexts&) = delete;

  /// The context of an equal configuration if one is alive, else a new one.
  base::Result<std::shared_ptr<ClientContext>> get(const ClientConfig& config);

  /// Contexts alive.
  [[nodiscard]] std::size_t size() const;

 private:
  std::shared_ptr<TrustStores> stores_;
  std::map<base::Hash128, std::weak_ptr<ClientContext>> contexts_;
};

/// Loads what OpenSSL would load for the first connection: a program that does it beside other work
/// starts some milliseconds earlier.
void warm_up();
/// Checks a chain and key without serving them: used when configuration arrives.
base::Status check_key_pair(const KeyPair& pair);
/// At least one certificate, all well-formed.
base::Status check_ca_pem(const std::string& pem);

}  // namespace tollgate::dataplane::net::tls
