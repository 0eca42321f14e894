#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/exchange/h1/client_session.h"
#include "dataplane/exchange/h1/upstream_session.h"
#include "dataplane/limits/redis/store_slot.h"
#include "dataplane/net/dial/connector.h"
#include "dataplane/proxy/options.h"
#include "dataplane/telemetry/worker_sink.h"

namespace tollgate::dataplane::proxy {

/// A socket address to serve, with the seats that the workers share.
struct Socket {
  net::Address address;
  std::uint16_t bind_port = 0;
  bool required = true;  // false: an address family that this machine may lack
  std::shared_ptr<net::ListenerGroup> group;
};

/// What a worker gets with each new configuration. Immutable; shared by all workers.
struct Assignment {
  std::shared_ptr<const exchange::attempt::Config> config;
  std::vector<snapshot::NodeChange<snapshot::UpstreamNode>> upstreams;
  std::vector<Socket> sockets;  // all that are wanted; others are drained and closed
};

struct OpenFailure {
  std::uint16_t bind_port = 0;
  std::string why;
};

/// What a worker tells about itself when somebody scrapes.
struct WorkerReadings {
  telemetry::Shard shard;
  upstream::PoolStats pools;
  std::size_t sessions = 0;
  std::uint64_t accepted = 0;
  net::BufferPool::Stats buffers;
  std::uint64_t turns = 0;
  bool has_store = false;
  bool store_healthy = false;
  std::size_t charges_waiting = 0;  // for the store
};

/// What all workers of a process use together.
struct SharedParts {
  net::MemoryBudget& held_budget;
  limits::Table& limit_table;
  telemetry::AccessLog* access_log = nullptr;  // null: none
  std::shared_ptr<net::tls::TrustStores> trust;
};

/// One event loop on one thread with everything that requests need. Share-nothing: the others are
/// reached by their mailboxes only.
class Worker final : private exchange::h1::SessionHost {
 public:
  static base::Result<std::unique_ptr<Worker>> create(std::size_t index, const Options& options,
                                                      const SharedParts& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();
  /// Stops the loop and joins the thread; connections that are left are cut.
  void stop();

  [[nodiscard]] const std::shared_ptr<event::Mailbox>& mailbox() const { return loop_->mailbox(); }

  // On the worker's thread (through the mailbox).
  std::vector<OpenFailure> apply(const Assignment& assignment);
  [[nodiscard]] WorkerReadings readings() const;
  /// Answers say `Connection: close` from now on.
  void announce_drain();
  /// Closes the sockets and ends connections as their exchanges end; `done` when none is left.
  void drain(std::function<void()> done);

 private:
  /// One listening socket of this worker.
  class Door;

  Worker(std::size_t index, std::unique_ptr<base::Clock> clock, std::unique_ptr<event::Loop> loop,
         const SharedParts& shared);
  base::Status prepare(const Options& options);
  void apply_store(const snapshot::Compiled& snapshot);
  void accept(net::Accepted accepted, std::uint16_t bind_port);
  void on_session_over(exchange::h1::ClientSession& session) override;
  void close_doors(const std::vector<Socket>& wanted);
  void forget_door(const Door& door);
  void drain_port(std::uint16_t bind_port);
  void check_drained();

  std::size_t index_;
  std::unique_ptr<base::Clock> clock_;
  std::unique_ptr<event::Loop> loop_;
  net::BufferPool buffers_;
  net::IoContext io_;
  net::MemoryBudget& held_budget_;
  net::tls::ClientContexts contexts_;
  std::unique_ptr<net::dns::Resolver> resolver_;
  std::unique_ptr<net::dial::Connector> connector_;
  std::unique_ptr<upstream::PoolSet> pools_;
  std::unique_ptr<exchange::attempt::Upstreams> upstreams_;
  telemetry::WorkerSink sink_;
  limits::Gate gate_;
  std::shared_ptr<const snapshot::StoreNode> store_node_;
  std::unique_ptr<limits::redis::StoreSlot> store_;
  std::unique_ptr<exchange::h1::UpstreamProtocol> http1_;
  std::unique_ptr<exchange::attempt::Services> services_;
  exchange::ExchangePool exchanges_;
  event::ListNode sessions_;
  std::size_t session_count_ = 0;
  std::uint64_t accepted_ = 0;
  std::vector<std::unique_ptr<Door>> doors_;
  std::function<void()> drained_;
  std::thread thread_;
};

}  // namespace tollgate::dataplane::proxy
