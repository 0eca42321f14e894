#include "dataplane/proxy/worker.h"

#include <algorithm>
#include <random>
#include <utility>

#include "dataplane/base/log.h"

namespace tollgate::dataplane::proxy {

class Worker::Door final : public event::Deferred, private net::AcceptHandler {
 public:
  Door(Worker& worker, const Socket& socket)
      : worker_(worker), address_(socket.address), bind_port_(socket.bind_port) {}

  base::Status open(const Socket& socket) {
    TRY_ASSIGN(listener_, net::Listener::open(*worker_.loop_, socket.address, socket.group,
                                              worker_.index_, *this));
    return {};
  }
  [[nodiscard]] const net::Address& address() const { return address_; }
  [[nodiscard]] std::uint16_t bind_port() const { return bind_port_; }
  [[nodiscard]] bool closing() const { return closing_; }

  void close(std::function<void()> done) {
    closing_ = true;
    listener_->drain_and_close(std::move(done));
  }

 private:
  void on_accept(net::Accepted accepted) override {
    worker_.accept(std::move(accepted), bind_port_);
  }

  Worker& worker_;
  net::Address address_;
  std::uint16_t bind_port_;
  bool closing_ = false;
  std::unique_ptr<net::Listener> listener_;
};

base::Result<std::unique_ptr<Worker>> Worker::create(std::size_t index, const Options& options,
                                                     const SharedParts& shared) {
  auto clock = std::make_unique<base::SystemClock>();
  TRY_ASSIGN(auto loop, event::Loop::create(*clock));
  std::unique_ptr<Worker> worker(new Worker(index, std::move(clock), std::move(loop), shared));
  TRY(worker->prepare(options));
  return worker;
}

Worker::Worker(std::size_t index, std::unique_ptr<base::Clock> clock,
               std::unique_ptr<event::Loop> loop, const SharedParts& shared)
    : index_(index),
      clock_(std::move(clock)),
      loop_(std::move(loop)),
      io_{*loop_, buffers_},
      held_budget_(shared.held_budget),
      contexts_(shared.trust),
      sink_(*loop_, shared.access_log),
      gate_(shared.limit_table) {}

base::Status Worker::prepare(const Options& options) {
  net::dns::ResolverOptions dns;
  dns.overrides = options.overrides;
  TRY_ASSIGN(resolver_, net::dns::Resolver::create(*loop_, dns));
  connector_ = std::make_unique<net::dial::Connector>(io_, *resolver_);
  pools_ = std::make_unique<upstream::PoolSet>(*connector_, contexts_);
  std::random_device entropy;
  const std::uint64_t seed = (static_cast<std::uint64_t>(entropy()) << 32U) | entropy();
  upstreams_ = std::make_unique<exchange::attempt::Upstreams>(*pools_, entropy());
  store_ = std::make_unique<limits::redis::StoreSlot>(
      *connector_, sink_, gate_, std::to_string(seed) + "-" + std::to_string(entropy()));
  auto config = std::make_shared<exchange::attempt::Config>();
  config->snapshot = std::make_shared<const snapshot::Compiled>();
  config->router = std::make_shared<const router::Router>();
  config->credentials = std::make_shared<const exchange::attempt::Credentials>();
  config->limits = std::make_shared<const limits::Book>();
  config->costs = std::make_shared<const limits::CostBook>();
  http1_ = std::make_unique<exchange::h1::UpstreamProtocol>();
  services_.reset(new exchange::attempt::Services{io_,
                                                  held_budget_,
                                                  *upstreams_,
                                                  *http1_,
                                                  sink_,
                                                  gate_,
                                                  router::Random(seed),
                                                  json::Reader(),
                                                  http::DateCache(),
                                                  {},
                                                  std::move(config),
                                                  {},
                                                  false});
  return {};
}

Worker::~Worker() {
  stop();
}

void Worker::start() {
  thread_ = std::thread([this] {
    loop_->run();
    // Whatever is left belongs to this thread and is let go on it.
    for (event::ListNode* node = sessions_.next(); node != &sessions_;) {
      event::ListNode* const next = node->next();
      delete static_cast<exchange::h1::ClientSession*>(node);
      node = next;
    }
    doors_.clear();
    store_.reset();
    sink_.flush();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  while (!loop_->mailbox()->post([this] { loop_->stop(); })) std::this_thread::yield();
  thread_.join();
}

std::vector<OpenFailure> Worker::apply(const Assignment& assignment) {
  // Upstreams first: a request that finds a rule finds its upstream.
  upstreams_->apply(assignment.upstreams);
  services_->config = assignment.config;
  apply_store(*assignment.config->snapshot);
  std::vector<OpenFailure> failures;
  for (const Socket& socket : assignment.sockets) {
    const bool open = std::any_of(doors_.begin(), doors_.end(), [&](const auto& door) {
      return door->address() == socket.address && !door->closing();
    });
    if (open) continue;
    auto door = std::make_unique<Door>(*this, socket);
    const base::Status opened = door->open(socket);
    if (opened) {
      doors_.push_back(std::move(door));
    } else if (socket.required) {
      failures.push_back({socket.bind_port, opened.error().detail});
    }
  }
  close_doors(assignment.sockets);
  return failures;
}

void Worker::apply_store(const snapshot::Compiled& snapshot) {
  if (snapshot.gateway) gate_.proxies = snapshot.gateway->value.proxies;
  const auto node = snapshot.gateway ? snapshot.gateway->store : nullptr;
  if (node == store_node_) return;
  store_node_ = node;
  if (!node) return store_->clear();
  limits::redis::StoreOptions options;
  options.gateway = snapshot.gateway->value.name;
  options.timeout = node->value.timeout;
  options.access.username = node->value.username;
  if (node->password) options.access.password = node->password->value.value;
  options.access.db = node->value.db;
  for (const snapshot::Endpoint& address : node->value.addresses) {
    net::dial::Target target{address.host, address.port, nullptr};
    if (node->value.tls) {
      net::tls::ClientConfig config = exchange::attempt::client_config(*node->value.tls);
      config.alpn.clear();
      if (config.server_name.empty()) config.server_name = address.host;
      auto context = contexts_.get(config);
      if (!context) {
        base::log::error("the store of counters cannot be used",
                         {{"server", address.host}, {"why", context.error().detail}});
        continue;
      }
      target.tls = std::move(*context);
    }
    options.access.servers.push_back(std::move(target));
  }
  store_->use(std::move(options));
}

void Worker::close_doors(const std::vector<Socket>& wanted) {
  for (const auto& door : doors_) {
    const bool keep = std::any_of(wanted.begin(), wanted.end(), [&](const Socket& socket) {
      return socket.address == door->address();
    });
    if (keep || door->closing()) continue;
    const Door* const which = door.get();
    door->close([this, which] { forget_door(*which); });
  }
}

void Worker::forget_door(const Door& door) {
  const auto found = std::find_if(doors_.begin(), doors_.end(),
                                  [&door](const auto& one) { return one.get() == &door; });
  if (found == doors_.end()) return;
  const std::uint16_t port = door.bind_port();
  loop_->defer_delete(std::move(*found));
  doors_.erase(found);
  const bool served = std::any_of(doors_.begin(), doors_.end(), [port](const auto& other) {
    return other->bind_port() == port && !other->closing();
  });
  if (!served) drain_port(port);
  check_drained();
}

void Worker::drain_port(std::uint16_t bind_port) {
  for (event::ListNode* node = sessions_.next(); node != &sessions_;) {
    auto* session = static_cast<exchange::h1::ClientSession*>(node);
    node = node->next();
    if (session->bind_port() == bind_port) session->drain();
  }
}

void Worker::accept(net::Accepted accepted, std::uint16_t bind_port) {
  ++accepted_;
  ++session_count_;
  // Owned by the list until on_session_over.
  sessions_.push_back(*std::make_unique<exchange::h1::ClientSession>(
                           *services_, exchanges_, static_cast<exchange::h1::SessionHost&>(*this),
                           std::move(accepted), bind_port)
                           .release());
}

void Worker::on_session_over(exchange::h1::ClientSession& session) {
  session.unlink();
  --session_count_;
  loop_->defer_delete(std::unique_ptr<event::Deferred>(&session));
  check_drained();
}

WorkerReadings Worker::readings() const {
  WorkerReadings readings{sink_.shard(), pools_->total(),  session_count_,
                          accepted_,     buffers_.stats(), loop_->turns()};
  readings.has_store = gate_.store != nullptr;
  readings.store_healthy = store_->healthy();
  readings.charges_waiting = store_->charges_waiting();
  return readings;
}

void Worker::announce_drain() {
  services_->draining = true;
}

void Worker::drain(std::function<void()> done) {
  announce_drain();
  drained_ = std::move(done);
  close_doors({});
  for (event::ListNode* node = sessions_.next(); node != &sessions_;) {
    auto* session = static_cast<exchange::h1::ClientSession*>(node);
    node = node->next();
    session->drain();
  }
  check_drained();
}

void Worker::check_drained() {
  if (!drained_ || session_count_ > 0 || !doors_.empty()) return;
  const auto done = std::exchange(drained_, nullptr);
  sink_.flush();
  done();
}

}  // namespace tollgate::dataplane::proxy
