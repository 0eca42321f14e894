#include "controller/push/server.h"

#include <deque>
#include <map>
#include <thread>
#include <tuple>
#include <utility>

#include "controller/push/session.h"
#include "dataplane/base/log.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/buffer.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/tls/stream.h"

namespace tollgate::controller::push {

namespace base = dataplane::base;
namespace event = dataplane::event;
namespace net = dataplane::net;
namespace snapshot = dataplane::snapshot;

namespace {

using SetPtr = SessionOwner::SetPtr;

/// A proxy that was connected: kept by name until it is forgotten.
struct Memory {
  ProxyState state;
  base::MonotonicTime left;
};

struct GatewayEntry {
  SetPtr newest;
  std::deque<SetPtr> history;  // newest last, `newest` included
  std::map<std::string, Memory> gone;
};

}  // namespace

bool operator==(const ProxyState& a, const ProxyState& b) {
  const auto same_problems = [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto& p, const auto& q) {
      return p.key == q.key && p.why == q.why;
    });
  };
  const auto key = [](const ProxyState& s) {
    return std::tie(s.instance, s.version, s.capabilities, s.connected, s.ready, s.silent,
                    s.acked_revision, s.refused_revision);
  };
  return key(a) == key(b) && same_problems(a.problems, b.problems) &&
         same_problems(a.credentials, b.credentials);
}

class PushServer::Impl final : public SessionOwner, public net::AcceptHandler {
 public:
  explicit Impl(PushServerOptions options) : options_(std::move(options)) {}
  ~Impl();

  base::Status open();
  void run() {
    thread_ = std::thread([this] { loop_->run(); });
  }
  /// Runs `task` on the loop's thread; waits for room if the mailbox is full.
  template <typename Task>
  void post(Task task);

  void publish(const std::string& gateway, SetPtr set);
  void withdraw(const std::string& gateway);
  void set_tls(const net::tls::ServerConfig& config);
  void set_leader(bool leader);
  [[nodiscard]] const net::Address& address() const { return address_; }

  void on_accept(net::Accepted accepted) override;
  SetPtr newest(const std::string& gateway) override;
  SetPtr find_set(const std::string& gateway, const std::string& revision) override;
  void on_session_change(Session& session) override { tell(session.gateway()); }
  void on_session_end(Session& session) override;
  bool leads() override { return leads_; }

 private:
  void tell(const std::string& gateway);
  void on_sweep();

  PushServerOptions options_;
  std::unique_ptr<event::Loop> loop_;
  net::BufferPool buffers_;
  std::shared_ptr<net::tls::ServerContext> tls_;
  std::map<std::string, GatewayEntry> gateways_;
  std::map<Session*, std::unique_ptr<Session>> sessions_;
  std::unique_ptr<net::Listener> listener_;
  net::Address address_;
  bool leads_ = false;
  event::Timer sweep_ = event::Timer::of<&Impl::on_sweep>(*this);
  std::thread thread_;
};

base::Status PushServer::Impl::open() {
  TRY_ASSIGN(loop_, event::Loop::create(*options_.clock));
  TRY_ASSIGN(tls_, net::tls::ServerContext::create(options_.tls));
  TRY_ASSIGN(listener_, net::Listener::open(*loop_, options_.bind, *this));
  address_ = listener_->address();
  loop_->arm(sweep_, kSilenceLimit);
  return {};
}

PushServer::Impl::~Impl() {
  if (!thread_.joinable()) return;
  post([this] {
    for (auto& [key, session] : sessions_) {
      session->shut();
      loop_->defer_delete(std::move(session));
    }
    sessions_.clear();
    listener_.reset();
    sweep_.cancel();
    loop_->stop();
  });
  thread_.join();
}

template <typename Task>
void PushServer::Impl::post(Task task) {
  auto shared = std::make_shared<Task>(std::move(task));
  while (!loop_->mailbox()->post([shared] { (*shared)(); })) std::this_thread::yield();
}

void PushServer::Impl::publish(const std::string& gateway, SetPtr set) {
  GatewayEntry& entry = gateways_[gateway];
  entry.newest = std::move(set);
  entry.history.push_back(entry.newest);
  if (entry.history.size() > kHistory) entry.history.pop_front();
  for (auto& [key, session] : sessions_) {
    if (session->gateway() == gateway) session->push_newest();
  }
}

void PushServer::Impl::withdraw(const std::string& gateway) {
  gateways_.erase(gateway);
  std::vector<Session*> affected;
  for (auto& [key, session] : sessions_) {
    if (session->gateway() == gateway) affected.push_back(key);
  }
  for (Session* session : affected) session->refuse("Gateway " + gateway + " does not exist");
}

void PushServer::Impl::set_tls(const net::tls::ServerConfig& config) {
  auto context = net::tls::ServerContext::create(config);
  if (!context) {
    base::log::error("push channel: new certificates are unusable, the old ones go on",
                     {{"why", context.error().detail}});
    return;
  }
  tls_ = std::move(*context);
}

void PushServer::Impl::set_leader(bool leader) {
  if (leads_ == leader) return;
  leads_ = leader;
  for (auto& [key, session] : sessions_) session->send_role();
}

void PushServer::Impl::on_accept(net::Accepted accepted) {
  if (sessions_.size() >= kProxyLimit) return;  // the socket closes with `accepted`
  auto session = std::make_unique<Session>(*loop_, *this);
  Session* key = session.get();
  const net::IoContext io{*loop_, buffers_};
  key->attach(
      net::tls::make_server_stream(io, std::move(accepted.socket), accepted.peer, tls_, *key),
      std::move(accepted.slot));
  sessions_[key] = std::move(session);
}

SetPtr PushServer::Impl::newest(const std::string& gateway) {
  const auto at = gateways_.find(gateway);
  return at == gateways_.end() ? nullptr : at->second.newest;
}

SetPtr PushServer::Impl::find_set(const std::string& gateway, const std::string& revision) {
  const auto at = gateways_.find(gateway);
  if (at == gateways_.end()) return nullptr;
  for (const SetPtr& set : at->second.history) {
    if (set->revision() == revision) return set;
  }
  return nullptr;
}

void PushServer::Impl::on_session_end(Session& session) {
  const auto at = sessions_.find(&session);
  if (at == sessions_.end()) return;
  const std::string gateway = session.gateway();
  const auto entry = gateways_.find(gateway);
  if (entry != gateways_.end() && !session.left()) {
    entry->second.gone[session.state().instance] = {session.state(), loop_->now()};
  }
  loop_->defer_delete(std::move(at->second));
  sessions_.erase(at);
  if (!gateway.empty()) tell(gateway);
}

/// A proxy that left is silent after kSilenceLimit and forgotten after kForgetAfter.
void PushServer::Impl::on_sweep() {
  for (auto& [gateway, entry] : gateways_) {
    bool changed = false;
    for (auto at = entry.gone.begin(); at != entry.gone.end();) {
      const auto away = loop_->now() - at->second.left;
      changed = changed || (!at->second.state.silent && away >= kSilenceLimit);
      at->second.state.silent = away >= kSilenceLimit;
      const bool forget = away >= kForgetAfter;
      changed = changed || forget;
      at = forget ? entry.gone.erase(at) : std::next(at);
    }
    if (changed) tell(gateway);
  }
  loop_->arm(sweep_, std::chrono::seconds(1));
}

void PushServer::Impl::tell(const std::string& gateway) {
  if (!options_.on_state) return;
  std::map<std::string, ProxyState> by_name;
  const auto entry = gateways_.find(gateway);
  for (auto& [key, session] : sessions_) {
    if (session->gateway() == gateway) by_name[session->state().instance] = session->state();
  }
  if (entry != gateways_.end()) {
    for (auto at = entry->second.gone.begin(); at != entry->second.gone.end();) {
      const bool back = !by_name.emplace(at->first, at->second.state).second;
      at = back ? entry->second.gone.erase(at) : std::next(at);
    }
  }
  GatewayState state;
  state.gateway = gateway;
  for (auto& [name, proxy] : by_name) state.proxies.push_back(std::move(proxy));
  options_.on_state(std::move(state));
}

base::Result<std::unique_ptr<PushServer>> PushServer::start(PushServerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  TRY(impl->open());
  impl->run();
  return std::unique_ptr<PushServer>(new PushServer(std::move(impl)));
}

PushServer::PushServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PushServer::~PushServer() = default;

void PushServer::publish(std::string gateway, std::shared_ptr<const snapshot::ResourceSet> set) {
  impl_->post([impl = impl_.get(), gateway = std::move(gateway), set = std::move(set)] {
    impl->publish(gateway, set);
  });
}

void PushServer::withdraw(std::string gateway) {
  impl_->post([impl = impl_.get(), gateway = std::move(gateway)] { impl->withdraw(gateway); });
}

void PushServer::set_tls(net::tls::ServerConfig config) {
  impl_->post([impl = impl_.get(), config = std::move(config)] { impl->set_tls(config); });
}

void PushServer::set_leader(bool leader) {
  impl_->post([impl = impl_.get(), leader] { impl->set_leader(leader); });
}

const net::Address& PushServer::address() const {
  return impl_->address();
}

}  // namespace tollgate::controller::push
