#include "dataplane/proxy/service.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/proxy/gather.h"

namespace tollgate::dataplane::proxy {

namespace {

std::size_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

base::Result<std::unique_ptr<Service>> Service::create(Options options) {
  net::raise_open_file_limit();
  auto clock = std::make_unique<base::SystemClock>();
  TRY_ASSIGN(auto loop, event::Loop::create(*clock));
  std::unique_ptr<Service> service(
      new Service(std::move(options), std::move(clock), std::move(loop)));
  TRY(service->prepare());
  return service;
}

Service::Service(Options options, std::unique_ptr<base::Clock> clock,
                 std::unique_ptr<event::Loop> loop)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      loop_(std::move(loop)),
      io_{*loop_, buffers_},
      trust_(std::make_shared<net::tls::TrustStores>(options_.extra_trust)),
      contexts_(trust_),
      held_budget_(options_.held_bodies_bytes),
      router_(std::make_shared<const router::Router>()) {}

base::Status Service::prepare() {
  net::dns::ResolverOptions dns;
  dns.overrides = options_.overrides;
  TRY_ASSIGN(resolver_, net::dns::Resolver::create(*loop_, dns));
  connector_ = std::make_unique<net::dial::Connector>(io_, *resolver_);
  credentials_ = std::make_unique<CredentialKeeper>(*loop_, *connector_, contexts_, [this] {
    reassign();
    if (credentials_changed_) credentials_changed_();
  });
  if (options_.access_log_fd >= 0) {
    access_log_ = std::make_unique<telemetry::AccessLog>(options_.access_log_fd);
  }
  limits_ = std::make_unique<limits::Keeper>(*loop_, options_.limit_counters, options_.state_dir);
  const std::size_t count = options_.workers == 0 ? usable_cpus() : options_.workers;
  for (std::size_t i = 0; i < count; ++i) {
    TRY_ASSIGN(
        auto worker,
        Worker::create(i, options_, {held_budget_, limits_->table(), access_log_.get(), trust_}));
    workers_.push_back(std::move(worker));
  }
  if (options_.admin) {
    TRY_ASSIGN(admin_,
               admin::Server::open(io_, *options_.admin,
                                   [this](const admin::Request& request, admin::Reply reply) {
                                     handle_admin(request, std::move(reply));
                                   }));
    admin_address_ = admin_->address();
  }
  return {};
}

Service::~Service() {
  stop();
}

void Service::start() {
  for (auto& worker : workers_) worker->start();
  thread_ = std::thread([this] { loop_->run(); });
}

void Service::stop() {
  if (!thread_.joinable()) return;
  // The service first: while it runs it may post to workers and wait for room.
  post([this] { loop_->stop(); });
  thread_.join();
  for (auto& worker : workers_) worker->stop();
}

void Service::post(event::Task task) {
  // Tasks are moved into the mailbox only if it has room, so a wrapper keeps one to try again.
  auto shared = std::make_shared<event::Task>(std::move(task));
  while (!loop_->mailbox()->post([shared] { (*shared)(); })) std::this_thread::yield();
}

// --- configuration ---------------------------------------------------------------------------

void Service::apply(snapshot::Delta delta, Proxy::Done done) {
  pushes_.push_back({std::move(delta), std::move(done)});
  if (!pushing_) run_next_push();
}

void Service::run_next_push() {
  while (!pushing_ && !pushes_.empty()) {
    Push push = std::move(pushes_.front());
    pushes_.pop_front();
    snapshot::Outcome compiled = compiler_.apply(push.delta);
    if (!compiled.update) {
      ++refused_pushes_;
      ApplyResult result = outcome();
      result.problems = std::move(compiled.refusals);
      for (const snapshot::Refusal& refusal : result.problems) {
        base::log::warn("a snapshot update was refused",
                        {{"key", refusal.key}, {"why", refusal.why}});
      }
      push.done(result);
      continue;
    }
    ++accepted_pushes_;
    pushing_ = true;
    router_ = router_builder_.update(*compiled.update);
    credentials_->apply(compiled.update->credentials);
    limits_->apply(*compiled.update);
    assign(std::move(compiled.update->upstreams),
           [this, done = std::move(push.done)](const std::vector<OpenFailure>& failures) {
             ready_ = failures.empty() || ready_;
             ApplyResult result = outcome();
             result.accepted = true;
             result.problems = describe(failures);
             done(result);
             if (credentials_changed_) credentials_changed_();
             pushing_ = false;
             run_next_push();
           });
  }
}

ApplyResult Service::outcome() const {
  ApplyResult result;
  result.revision = compiler_.compiled()->revision;
  compiler_.compiled()->listeners.each([&](const auto& listener) {
    result.listeners.push_back(
        {listener->key, listener->gateway->value.name, listener->value.bind_port});
  });
  return result;
}

std::vector<Socket> Service::wanted_sockets() {
  std::vector<Socket> sockets;
  std::map<net::Address, std::shared_ptr<net::ListenerGroup>> groups;
  for (const std::uint16_t port : router_->ports()) {
    bool first = true;
    for (const std::string& ip : options_.bind) {
      const auto address = net::parse_ip(ip, port);
      if (!address) continue;
      // The seats outlive a reopened socket, so counts stay right.
      std::shared_ptr<net::ListenerGroup>& group = groups_[*address];
      if (!group) {
        group = std::make_shared<net::ListenerGroup>(workers_.size(), options_.listen);
      }
      sockets.push_back({*address, port, first, group});
      first = false;
    }
  }
  return sockets;
}

void Service::assign(std::vector<snapshot::NodeChange<snapshot::UpstreamNode>> upstreams,
                     std::function<void(std::vector<OpenFailure>)> done) {
  auto config = std::make_shared<exchange::attempt::Config>();
  config->snapshot = compiler_.compiled();
  config->router = router_;
  config->credentials = credentials_->current();
  config->limits = limits_->book();
  config->costs = limits_->costs();
  if (since_ == base::WallTime{}) since_ = loop_->wall_now();
  config->since = since_;
  auto assignment = std::make_shared<Assignment>();
  assignment->config = std::move(config);
  assignment->upstreams = std::move(upstreams);
  if (!draining_) assignment->sockets = wanted_sockets();
  const std::shared_ptr<const Assignment> shared = std::move(assignment);
  using Failures = std::vector<OpenFailure>;
  gather<Failures>(
      loop_->mailbox(), workers_, [shared](Worker& worker) { return worker.apply(*shared); },
      [this, done = std::move(done)](const std::vector<Failures>& all) {
        Failures failures;
        for (const Failures& part : all) {
          failures.insert(failures.end(), part.begin(), part.end());
        }
        if (failures.empty()) {
          reopen_.cancel();
        } else {
          loop_->arm(reopen_, Proxy::kReopenInterval);
        }
        done(std::move(failures));
      });
}

std::vector<snapshot::Refusal> Service::describe(const std::vector<OpenFailure>& failures) {
  std::map<std::uint16_t, std::string> ports;
  for (const OpenFailure& failure : failures) ports.emplace(failure.bind_port, failure.why);
  std::vector<snapshot::Refusal> problems;
  compiler_.compiled()->listeners.each([&](const auto& listener) {
    const auto found = ports.find(listener->value.bind_port);
    if (found != ports.end()) problems.push_back({listener->key, found->second});
  });
  return problems;
}

/// The same snapshot once more: renewed credentials, or sockets that could not be opened.
void Service::reassign() {
  // While a push is under way this follows it into every mailbox.
  if (draining_) return;
  assign({}, [this](const std::vector<OpenFailure>& failures) {
    ready_ = ready_ || (failures.empty() && compiler_.compiled()->gateway != nullptr);
  });
}

std::vector<CredentialProblem> Service::credential_problems() const {
  std::vector<CredentialProblem> problems;
  for (auto& problem : credentials_->problems()) {
    problems.push_back({std::move(problem.key), std::move(problem.why)});
  }
  return problems;
}

// --- the end ---------------------------------------------------------------------------------

void Service::drain(std::function<void()> done) {
  if (drain_over_) return done();
  drained_.push_back(std::move(done));
  if (draining_) return;
  draining_ = true;
  for (auto& worker : workers_) {
    Worker* const target = worker.get();
    post_surely(*target->mailbox(), [target] { target->announce_drain(); });
  }
  loop_->arm(drain_delay_, options_.drain_delay);
}

void Service::close_doors() {
  loop_->arm(drain_timeout_, options_.drain_timeout);
  auto left = std::make_shared<std::size_t>(workers_.size());
  for (auto& worker : workers_) {
    Worker* const target = worker.get();
    const auto home = loop_->mailbox();
    post_surely(*target->mailbox(), [this, target, home, left] {
      target->drain([this, home, left] {
        post_surely(*home, [this, left] {
          if (--*left == 0) finish_drain();
        });
      });
    });
  }
}

void Service::finish_drain() {
  drain_timeout_.cancel();
  drain_over_ = true;
  for (const auto& done : std::exchange(drained_, {})) done();
}

}  // namespace tollgate::dataplane::proxy
