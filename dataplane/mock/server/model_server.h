#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/mock/model_host.h"
#include "dataplane/net/address.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::mock::server {

struct ModelServerOptions {
  net::Address plain;  // port 0 lets the kernel choose
  net::Address tls;
  std::vector<ModelHost> hosts;
};

/// Serves every host of its list on one plain and one TLS address of one loop; the Host field of a
/// request says which is meant. The TLS certificate names all of them and is signed by an authority
/// made for this run.
class ModelServer {
 public:
  /// `io` outlives the server.
  static base::Result<std::unique_ptr<ModelServer>> start(const net::IoContext& io,
                                                          ModelServerOptions options,
                                                          base::WallTime now);
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  [[nodiscard]] const net::Address& plain_address() const;
  [[nodiscard]] const net::Address& tls_address() const;
  /// The authority that clients of the TLS address have to believe.
  [[nodiscard]] const std::string& ca_pem() const;
  /// Replaces what is played, for requests from now on; the certificate of TLS connections from now
  /// on names the new hosts and is signed by the same authority.
  base::Status set_hosts(std::vector<ModelHost> hosts, base::WallTime now);

 private:
  class Impl;
  explicit ModelServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Longest request body that the model server reads.
inline constexpr std::size_t kMockBodyLimitBytes = 64U << 20U;

}  // namespace tollgate::dataplane::mock::server
