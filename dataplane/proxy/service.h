#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/admin/server.h"
#include "dataplane/limits/keeper.h"
#include "dataplane/proxy/credentials.h"
#include "dataplane/proxy/proxy.h"
#include "dataplane/proxy/worker.h"
#include "dataplane/router/builder.h"
#include "dataplane/telemetry/exposition.h"

namespace tollgate::dataplane::proxy {

/// The service thread: compiles deltas, hands assignments to the workers, keeps credentials fresh,
/// answers the admin port, leads the drain. Requests never come here.
class Service {
 public:
  static base::Result<std::unique_ptr<Service>> create(Options options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void start();
  void stop();
  /// From any thread.
  void post(event::Task task);

  // On the service thread.
  void apply(snapshot::Delta delta, Proxy::Done done);
  void drain(std::function<void()> done);
  /// The metrics of this proxy, without those of the process.
  void collect(std::function<void(telemetry::Exposition)> done);
  [[nodiscard]] const net::IoContext& io() const { return io_; }
  [[nodiscard]] net::dns::Resolver& resolver() { return *resolver_; }
  [[nodiscard]] const snapshot::ResourceSet& resources() const { return compiler_.resources(); }
  [[nodiscard]] bool ready() const { return ready_ && !draining_; }
  [[nodiscard]] std::vector<CredentialProblem> credential_problems() const;
  void on_credentials(std::function<void()> changed) { credentials_changed_ = std::move(changed); }

  [[nodiscard]] std::optional<net::Address> admin_address() const { return admin_address_; }

 private:
  struct Push {
    snapshot::Delta delta;
    Proxy::Done done;
  };

  Service(Options options, std::unique_ptr<base::Clock> clock, std::unique_ptr<event::Loop> loop);
  base::Status prepare();
  void run_next_push();
  [[nodiscard]] ApplyResult outcome() const;
  [[nodiscard]] std::vector<Socket> wanted_sockets();
  void assign(std::vector<snapshot::NodeChange<snapshot::UpstreamNode>> upstreams,
              std::function<void(std::vector<OpenFailure>)> done);
  [[nodiscard]] std::vector<snapshot::Refusal> describe(const std::vector<OpenFailure>& failures);
  void reassign();
  void handle_admin(const admin::Request& request, admin::Reply reply);
  void scrape(admin::Reply reply);
  void add_readings(telemetry::Exposition& exposition, const std::vector<WorkerReadings>& workers);
  void add_limit_readings(telemetry::Exposition& exposition,
                          const std::vector<WorkerReadings>& workers);
  void finish_drain();
  void close_doors();
  void on_drain_timeout() { finish_drain(); }

  Options options_;
  std::unique_ptr<base::Clock> clock_;
  std::unique_ptr<event::Loop> loop_;
  net::BufferPool buffers_;
  net::IoContext io_;
  std::shared_ptr<net::tls::TrustStores> trust_;
  net::tls::ClientContexts contexts_;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  net::MemoryBudget held_budget_;
  std::unique_ptr<telemetry::AccessLog> access_log_;
  snapshot::Compiler compiler_;
  router::Builder router_builder_;
  std::shared_ptr<const router::Router> router_;
  std::unique_ptr<CredentialKeeper> credentials_;
  std::unique_ptr<limits::Keeper> limits_;
  std::function<void()> credentials_changed_;
  std::map<net::Address, std::shared_ptr<net::ListenerGroup>> groups_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::deque<Push> pushes_;  // the first one is under way
  bool pushing_ = false;
  bool ready_ = false;
  bool draining_ = false;
  base::WallTime since_{};  // when the workers got their first configuration
  std::uint64_t accepted_pushes_ = 0;
  std::uint64_t refused_pushes_ = 0;
  std::vector<std::function<void()>> drained_;
  bool drain_over_ = false;
  event::Timer reopen_ = event::Timer::of<&Service::reassign>(*this);
  event::Timer drain_delay_ = event::Timer::of<&Service::close_doors>(*this);
  event::Timer drain_timeout_ = event::Timer::of<&Service::on_drain_timeout>(*this);
  std::unique_ptr<admin::Server> admin_;
  std::optional<net::Address> admin_address_;
  std::thread thread_;
};

}  // namespace tollgate::dataplane::proxy
