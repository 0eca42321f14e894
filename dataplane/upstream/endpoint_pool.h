#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/net/dial/connector.h"
#include "dataplane/upstream/pool.h"

namespace tollgate::dataplane::upstream {

class EndpointPool;

/// A connection: owned by its pool while idle, by its lease while leased. Its own handler serves
/// the idle time: whatever happens then ends it.
class Connection final : public net::StreamHandler {
 public:
  explicit Connection(std::shared_ptr<EndpointPool> pool) : pool_(std::move(pool)) {}
  ~Connection();

  void on_data(net::Stream&, net::Slice) override { on_idle_event(); }
  void on_end(net::Stream&, net::StreamEnd) override { on_idle_event(); }
  void on_closed(net::Stream&, const base::Error&) override { on_idle_event(); }

 private:
  friend class EndpointPool;
  friend class Lease;
  void on_idle_event();

  std::shared_ptr<EndpointPool> pool_;  // kept alive by what is out of it
  EndpointPool* idle_in_ = nullptr;     // set while idle
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<ConnectionState> state_;
  base::MonotonicTime born_{};
  base::MonotonicTime idle_since_{};
  std::uint32_t uses_ = 0;
  std::uint64_t read_before_ = 0;  // bytes read when the lease began
};

/// Who wants to know when a pool has nothing left.
class PoolOwner {
 public:
  /// Nobody routes to the pool and nothing is open: it may be destroyed inside this call.
  virtual void on_pool_empty(EndpointPool& pool) = 0;

 protected:
  ~PoolOwner() = default;
};

/// The implementation of Pool.
class EndpointPool final : public Pool, public std::enable_shared_from_this<EndpointPool> {
 public:
  EndpointPool(net::dial::Connector& connector, net::dial::Target target, const PoolLimits& limits,
               std::weak_ptr<PoolOwner> owner);
  ~EndpointPool() override;

  [[nodiscard]] Acquired acquire(Waiter& waiter, const AcquireOptions& options) override;
  [[nodiscard]] bool ejected() const override { return loop_.now() < ejected_until_; }
  [[nodiscard]] std::uint32_t active() const override { return stats_.open - stats_.idle; }
  [[nodiscard]] const PoolStats& stats() const override { return stats_; }
  [[nodiscard]] const std::string& host() const override { return target_.host; }
  [[nodiscard]] std::uint16_t port() const override { return target_.port; }
  [[nodiscard]] bool tls() const override { return target_.tls != nullptr; }

  void set_limits(const PoolLimits& limits) { limits_ = limits; }
  /// Somebody routes here, or nobody does any more.
  void set_in_use(bool in_use);

  void give_back(std::unique_ptr<Connection> connection, Reuse reuse);
  void on_idle_event(Connection& connection);

 private:
  struct Dialing;

  void leave(Waiter& waiter) override;
  std::unique_ptr<Connection> take_idle();
  [[nodiscard]] Lease lease(std::unique_ptr<Connection> connection);
  [[nodiscard]] bool worth_keeping(const Connection& connection) const;
  void make_idle(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> remove_idle(std::size_t index);
  void drop(std::unique_ptr<Connection> connection);
  void dial();
  void on_dialed(Dialing& dialing, net::dial::Outcome outcome);
  void on_dial_failed(net::dial::Outcome& outcome);
  void serve();
  void schedule_serve() { loop_.run_soon(serve_job_); }
  void on_idle_timer();
  void check_empty();

  event::Loop& loop_;
  net::dial::Connector& connector_;
  net::dial::Target target_;
  PoolLimits limits_;
  std::weak_ptr<PoolOwner> owner_;
  PoolStats stats_;
  bool in_use_ = true;
  std::uint32_t failures_ = 0;  // connections that could not be made, one after another
  base::MonotonicTime ejected_until_{};
  std::vector<std::unique_ptr<Connection>> idle_;  // longest idle first
  event::ListNode waiting_;
  std::vector<std::unique_ptr<Dialing>> dialing_;
  event::Job serve_job_;
  event::Timer idle_timer_;
};

}  // namespace tollgate::dataplane::upstream
