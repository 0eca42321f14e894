#include "dataplane/proxy/channel.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <iterator>
#include <set>
#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/catalog/support.h"
#include "dataplane/event/loop.h"
#include "dataplane/proxy/saved_snapshot.h"
#include "dataplane/push/frame.h"
#include "dataplane/push/replicas.h"

namespace tollgate::dataplane::proxy {

namespace log = base::log;

namespace {

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::config_error(base::Code::kNotFound, "cannot read " + path);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

base::Result<push::KeyRing> read_keys(const std::string& folder) {
  TRY_ASSIGN(const std::string text, read_file(folder + "/snapshot.keys"));
  return push::parse_key_ring(text);
}

base::Result<net::tls::ClientConfig> read_tls(const std::string& folder, const std::string& host) {
  net::tls::ClientConfig config;
  TRY_ASSIGN(std::string ca, read_file(folder + "/ca.crt"));
  TRY_ASSIGN(config.identity.chain_pem, read_file(folder + "/tls.crt"));
  TRY_ASSIGN(std::string key, read_file(folder + "/tls.key"));
  config.identity.key_pem = base::Secret(std::move(key));
  config.trust.pems.push_back(std::move(ca));
  config.server_name = host;
  config.alpn = {std::string(push::kAlpn)};
  config.min_version = net::tls::Version::kTls13;
  return config;
}

}  // namespace

class Channel::Impl final : public push::PushReceiver,
                            public std::enable_shared_from_this<Channel::Impl> {
 public:
  Impl(Proxy& proxy, ChannelOptions options, net::HostPort controller,
       std::function<void(const ApplyResult&)> on_serving)
      : proxy_(proxy),
        options_(std::move(options)),
        controller_(std::move(controller)),
        on_serving_(std::move(on_serving)),
        connector_(proxy.service_io(), proxy.service_resolver()),
        saved_(options_.state_dir) {}

  /// On the service thread, like everything below.
  void begin();
  void end();

  std::string held_revision() override;
  push::Report report() override;
  void on_push(snapshot::Delta delta, std::function<void(push::PushOutcome)> done) override;

 private:
  void serve_saved();
  void connect();
  void after_apply(const ApplyResult& result, const std::function<void(push::PushOutcome)>& done);
  void on_save_due();

  Proxy& proxy_;
  ChannelOptions options_;
  net::HostPort controller_;
  std::function<void(const ApplyResult&)> on_serving_;
  net::dial::Connector connector_;
  SavedSnapshot saved_;
  std::unique_ptr<push::Replicas> replicas_;
  event::Timer save_ = event::Timer::of<&Impl::on_save_due>(*this);
  bool ended_ = false;
};

void Channel::Impl::begin() {
  proxy_.on_credentials([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self && self->replicas_) self->replicas_->report_soon();
  });
  serve_saved();
}

void Channel::Impl::end() {
  ended_ = true;
  save_.cancel();
  replicas_.reset();
  proxy_.on_credentials({});
}

/// What is on disk is served before the controller is asked, so that the hello can say it is held.
void Channel::Impl::serve_saved() {
  if (options_.state_dir.empty()) return connect();
  auto keys = read_keys(options_.cert_dir);
  if (!keys) {
    log::warn("saved snapshot: no key", {{"why", keys.error().detail}});
    return connect();
  }
  auto set = saved_.load(*keys);
  if (!set) {
    if (set.error().code != base::Code::kNotFound) {
      log::warn("saved snapshot: not used", {{"why", set.error().detail}});
    }
    return connect();
  }
  log::info("serving the saved snapshot", {{"revision", set->revision()}});
  proxy_.apply(snapshot::diff(snapshot::ResourceSet(), *set),
               [self = shared_from_this()](const ApplyResult& result) {
                 if (self->ended_) return;
                 if (result.accepted) self->on_serving_(result);
                 self->connect();
               });
}

void Channel::Impl::connect() {
  push::PushClientOptions options;
  options.capabilities = catalog::abilities();
  options.host = controller_.host;
  options.port = controller_.port;
  options.gateway = options_.gateway;
  options.instance = options_.instance;
  options.version = options_.version;
  options.tls = [folder = options_.cert_dir, host = controller_.host] {
    return read_tls(folder, host);
  };
  replicas_ = std::make_unique<push::Replicas>(connector_, proxy_.service_resolver(), *this,
                                               std::move(options));
  replicas_->start();
}

std::string Channel::Impl::held_revision() {
  const snapshot::ResourceSet& held = proxy_.resources();
  return held.all().empty() ? std::string() : held.revision();
}

push::Report Channel::Impl::report() {
  push::Report report;
  report.ready = proxy_.ready();
  report.revision = held_revision();
  for (const CredentialProblem& problem : proxy_.credential_problems()) {
    report.credentials.push_back({problem.key, false, problem.why});
  }
  return report;
}

void Channel::Impl::on_push(snapshot::Delta delta, std::function<void(push::PushOutcome)> done) {
  const snapshot::ResourceSet& held = proxy_.resources();
  if (delta.base.empty()) {
    // The whole set: what it lacks goes, what is equal stays.
    snapshot::ResourceSet wanted;
    for (auto& resource : delta.puts) wanted.put(resource);
    if (wanted.revision() != delta.revision) {
      done({push::PushOutcome::Kind::kMismatch, {}});
      return;
    }
    delta = snapshot::diff(held, wanted);
  } else if (delta.base != held.revision()) {
    done({push::PushOutcome::Kind::kMismatch, {}});
    return;
  }
  proxy_.apply(std::move(delta),
               [self = shared_from_this(), done = std::move(done)](const ApplyResult& result) {
                 if (!self->ended_) self->after_apply(result, done);
               });
}

void Channel::Impl::after_apply(const ApplyResult& result,
                                const std::function<void(push::PushOutcome)>& done) {
  push::PushOutcome outcome;
  for (const snapshot::Refusal& problem : result.problems) {
    log::warn("configuration", {{"resource", problem.key}, {"why", problem.why}});
  }
  if (!result.accepted) {
    outcome.kind = push::PushOutcome::Kind::kRefused;
    for (const snapshot::Refusal& problem : result.problems) {
      if (outcome.problems.size() == push::kProblemLimit) break;
      outcome.problems.push_back({problem.key, problem.why});
    }
    done(std::move(outcome));
    return;
  }
  on_serving_(result);
  proxy_.service_io().loop.arm(save_, kSaveDelay);
  done(std::move(outcome));
}

void Channel::Impl::on_save_due() {
  if (options_.state_dir.empty()) return;
  const auto keys = read_keys(options_.cert_dir);
  const base::Status saved =
      keys ? saved_.save(proxy_.resources(), *keys) : base::Status(keys.error());
  if (!saved) {
    log::warn(
        "the snapshot could not be saved; a restart without controller would serve an older "
        "one",
        {{"why", saved.error().detail}});
  }
}

base::Result<std::unique_ptr<Channel>> Channel::start(
    Proxy& proxy, ChannelOptions options, std::function<void(const ApplyResult&)> on_serving) {
  const auto controller = net::parse_host_port(options.controller);
  if (!controller) {
    return base::config_error(base::Code::kInvalidArgument,
                              "--controller wants HOST:PORT, got " + options.controller);
  }
  if (options.gateway.find('/') == std::string::npos) {
    return base::config_error(base::Code::kInvalidArgument,
                              "--gateway wants NS/NAME, got " + options.gateway);
  }
  auto impl = std::make_shared<Impl>(proxy, std::move(options), *controller, std::move(on_serving));
  proxy.post([impl] { impl->begin(); });
  return std::unique_ptr<Channel>(new Channel(proxy, std::move(impl)));
}

Channel::Channel(Proxy& proxy, std::shared_ptr<Impl> impl)
    : proxy_(proxy), impl_(std::move(impl)) {}

Channel::~Channel() {
  // Timers and the client belong to the service thread: they end there, before this returns.
  std::promise<void> ended;
  proxy_.post([impl = std::move(impl_), &ended]() mutable {
    impl->end();
    impl.reset();
    ended.set_value();
  });
  ended.get_future().wait();
}

}  // namespace tollgate::dataplane::proxy
