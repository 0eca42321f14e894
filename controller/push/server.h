#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/net/address.h"
#include "dataplane/net/tls/context.h"
#include "dataplane/push/message.h"
#include "dataplane/snapshot/resource.h"

namespace tollgate::controller::push {

/// What the controller knows of one proxy.
struct ProxyState {
  std::string instance;
  std::string version;
  std::vector<std::string> capabilities;
  bool connected = false;
  bool ready = false;   // as the proxy says; false once it is silent
  bool silent = false;  // nothing heard for kSilenceLimit
  std::string acked_revision;
  /// The newest set that the proxy refused, and what in it; empty after an acknowledgement.
  std::string refused_revision;
  std::vector<dataplane::push::Problem> problems;
  std::vector<dataplane::push::CredentialReport> credentials;

  friend bool operator==(const ProxyState&, const ProxyState&);
};

/// All proxies of one Gateway, sorted by instance.
struct GatewayState {
  std::string gateway;  // "NS/NAME"
  std::vector<ProxyState> proxies;
};

/// Called on the server's own thread whenever something in a Gateway's state changes.
using OnGatewayState = std::function<void(GatewayState)>;

struct PushServerOptions {
  dataplane::net::Address bind;  // port 0 lets the kernel choose
  dataplane::net::tls::ServerConfig tls;
  dataplane::base::Clock* clock = nullptr;  // outlives the server
  OnGatewayState on_state;
};

/// The controller's end of the push channel: TLS 1.3 with client certificates, whose URI name says
/// which Gateway a proxy may have. It holds the newest set of each Gateway and sends each proxy
/// what that lacks, one push at a time. Runs on a thread of its own.
class PushServer {
 public:
  /// After that long without a frame a proxy counts as silent.
  static constexpr std::chrono::milliseconds kSilenceLimit{10'000};
  /// A proxy that is gone is remembered that long, so that a status can name it.
  static constexpr std::chrono::milliseconds kForgetAfter{60'000};
  /// Older sets of a Gateway that are kept to compute differences from.
  static constexpr std::size_t kHistory = 16;
  static constexpr std::size_t kProxyLimit = 4096;

  static dataplane::base::Result<std::unique_ptr<PushServer>> start(PushServerOptions options);
  ~PushServer();
  PushServer(const PushServer&) = delete;
  PushServer& operator=(const PushServer&) = delete;

  /// Any thread. Replaces the Gateway's set.
  void publish(std::string gateway, std::shared_ptr<const dataplane::snapshot::ResourceSet> set);
  /// Any thread. The Gateway is gone: its proxies are refused and told so.
  void withdraw(std::string gateway);
  /// Any thread. Certificates for connections from now on.
  void set_tls(dataplane::net::tls::ServerConfig config);
  /// Any thread. Proxies take their pushes from the replica that leads.
  void set_leader(bool leader);

  [[nodiscard]] const dataplane::net::Address& address() const;

 private:
  class Impl;
  explicit PushServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::push
