#include "controller/standalone/run.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "controller/api/read_api.h"
#include "controller/files/debounce.h"
#include "controller/files/watcher.h"
#include "controller/standalone/gateways.h"
#include "controller/standalone/manifests.h"
#include "controller/standalone/mock_hosts.h"
#include "controller/standalone/mock_runner.h"
#include "controller/standalone/task_inbox.h"
#include "controller/standalone/token_inbox.h"
#include "controller/tokens/service.h"
#include "dataplane/base/log.h"
#include "dataplane/net/address.h"
#include "dataplane/net/socket.h"
#include "dataplane/net/tls/context.h"
#include "reconcilers/conditions.h"

namespace tollgate::controller::standalone {

namespace base = dataplane::base;
namespace log = base::log;
namespace net = dataplane::net;
namespace proxy = dataplane::proxy;

namespace {

/// While some folders cannot be watched, the files are read that often.
constexpr std::chrono::seconds kUnwatchedInterval{5};

int fail(const std::string& what) {
  std::cerr << "tollgate run: " << what << '\n';
  return 1;
}

base::Result<proxy::Options> proxy_options(const cli::RunOptions& options,
                                           net::dns::Overrides& overrides) {
  proxy::Options out;
  out.workers = options.workers;
  out.bind = {options.bind};
  const auto wrong = [](std::string text) {
    return base::config_error(base::Code::kInvalidArgument, std::move(text));
  };
  if (!net::parse_ip(options.bind, 1)) return wrong("--bind wants an IP address");
  if (!options.admin.empty()) {
    out.admin = net::parse_address(options.admin);
    if (!out.admin) return wrong("--admin wants ADDRESS:PORT, such as 127.0.0.1:9090");
  }
  if (!options.state_dir.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(options.state_dir, failed);
    if (failed || ::access(options.state_dir.c_str(), W_OK | X_OK) != 0) {
      return wrong("--state-dir " + options.state_dir + ": " +
                   (failed ? failed.message() : "cannot be written to"));
    }
    out.state_dir = options.state_dir;
  }
  for (const std::string& text : options.resolve) TRY(overrides.add(text));
  if (!options.upstream_ca.empty()) {
    std::ifstream file(options.upstream_ca, std::ios::binary);
    std::string pem{std::istreambuf_iterator<char>(file), {}};
    TRY(net::tls::check_ca_pem(pem));
    out.extra_trust.pems.push_back(std::move(pem));
  }
  return out;
}

std::vector<dataplane::mock::ModelHost> hosts_of(const resolve::Resolver& resolver) {
  std::vector<dataplane::mock::ModelHost> all;
  std::vector<reconcilers::model::Exchange> exchanges;
  resolver.engine().each(
      resolver.stages().resolution->c.exchanges,
      [&exchanges](const auto&, const auto& exchange) { exchanges.push_back(exchange); });
  for (const std::string& gateway : resolver.gateways()) {
    const auto* set = resolver.set(gateway);
    if (set == nullptr) continue;
    for (auto& host : mock_hosts(*set, exchanges)) all.push_back(std::move(host));
  }
  return all;
}

/// Where the backends are whose credentials are still to come: they are in no set yet, and the
/// proxies learn at their start where hosts are.
std::vector<dataplane::mock::ModelHost> later_hosts(const resolve::Resolver& resolver) {
  std::vector<dataplane::mock::ModelHost> out;
  const auto& c = resolver.stages().resolution->c;
  resolver.engine().each(c.upstreams, [&](const std::string& key, const auto& upstream) {
    const auto* endpoints = resolver.engine().find(c.endpoints, key);
    if (endpoints == nullptr) return;
    for (const auto& endpoint : endpoints->endpoints) {
      dataplane::mock::ModelHost& host = out.emplace_back();
      host.host = endpoint.host;
      host.port = endpoint.port;
      host.tls = upstream.tls.has_value();
    }
  });
  return out;
}

resolve::ResolverOptions for_run(resolve::ResolverOptions resolver,
                                 const cli::RunOptions& options) {
  resolver.resolution.proxies = 1;
  resolver.resolution.limit_store = options.limit_store;
  resolver.resolution.limit_store_secret = options.limit_store_secret;
  return resolver;
}

/// All that runs between the first load and the end.
class Session {
 public:
  explicit Session(const cli::RunOptions& options)
      : options_(options),
        manifests_(options.files),
        resolver_(for_run(resolver_options(options.real_ports, false), options)) {}

  /// False if nothing can be served at all.
  base::Status start();
  base::Status reload();
  /// Takes what exchanges gave since the last call.
  base::Status take_tokens();
  void stop() {
    asked_.close();
    api_.reset();
    if (gateways_) gateways_->drain_and_wait();
  }
  /// Runs what other threads want done here: what the read API asks, the end of a proxy.
  void run_asked() { asked_.run(); }
  [[nodiscard]] int asked_fd() const { return asked_.fd(); }
  /// Readable when take_tokens has something to take.
  [[nodiscard]] int token_fd() const { return inbox_.fd(); }

 private:
  void take_changes();
  base::Status update();
  base::Status apply(resolve::Result changed);
  void start_tokens(const proxy::Options& options);
  base::Status start_api();
  [[nodiscard]] api::View view() const;
  base::Status start_mock(net::dns::Overrides& overrides, proxy::Options& options);
  void say_problems();

  const cli::RunOptions& options_;
  Manifests manifests_;
  resolve::Resolver resolver_;
  std::unique_ptr<MockRunner> mock_;
  TaskInbox asked_;
  std::unique_ptr<Gateways> gateways_;
  TokenInbox inbox_;
  std::unique_ptr<tokens::TokenService> tokens_;  // fills the inbox
  std::set<std::string> said_;
  std::unique_ptr<api::ReadApi> api_;  // asks the rest through the inbox: ends first
};

/// Reads the files into the resolver; problems are said once, as long as they last.
void Session::take_changes() {
  const std::vector<resolve::ObjectChange> changes = manifests_.load();
  const base::Status applied = resolver_.apply(changes);
  if (!applied) log::warn(applied.error().detail);
}

void Session::say_problems() {
  std::set<std::string> now;
  const auto say = [&](log::Level level, const std::string& line) {
    if (now.insert(line).second && !said_.contains(line)) log::write(level, line);
  };
  for (const std::string& line : manifests_.error_lines()) say(log::Level::kError, line);
  for (const std::string& line : manifests_.warning_lines()) say(log::Level::kWarn, line);
  for (const std::string& line : gateways_->problems()) say(log::Level::kError, line);
  for (const resolve::StatusUpdate& update : resolver_.statuses()) {
    if (update.status == nullptr) continue;
    const auto visit = [&](const nlohmann::json& conditions) {
      for (const auto& condition : conditions) {
        const std::string type = condition.value("type", "");
        const std::string status = condition.value("status", "");
        if (!reconcilers::says_wrong(type, status)) continue;
        std::string line = reconcilers::model::to_string(update.id);
        for (const std::string& part :
             {": " + type, "=" + status, ": " + condition.value("message", "")}) {
          line += part;
        }
        say(log::Level::kWarn, line);
      }
    };
    for (const char* list : {"parents", "ancestors", "listeners"}) {
      if (!update.status->contains(list)) continue;
      for (const auto& entry : (*update.status)[list]) {
        if (entry.contains("conditions")) visit(entry["conditions"]);
      }
    }
    if (update.status->contains("conditions")) visit((*update.status)["conditions"]);
  }
  said_ = std::move(now);
}

api::View Session::view() const {
  std::map<reconcilers::model::ObjectId, std::shared_ptr<const nlohmann::json>> statuses;
  for (const resolve::StatusUpdate& update : resolver_.statuses()) {
    statuses[update.id] = update.status;
  }
  api::View view;
  for (const files::Document& document : manifests_.current().objects) {
    const auto status =
        statuses.find({document.gvk.group, document.gvk.kind, document.ns, document.name});
    view.objects.push_back({document.object, status == statuses.end() ? nullptr : status->second,
                            created_at(document)});
  }
  for (const std::string& gateway : resolver_.gateways()) {
    const auto report = gateways_->reports().find(gateway);
    std::vector<resolve::ProxyReport> proxies;
    if (report != gateways_->reports().end()) proxies.push_back(report->second);
    view.gateways.push_back(api::gateway_view(resolver_, gateway, proxies));
  }
  return view;
}

base::Status Session::start_api() {
  if (options_.api.empty()) return {};
  TRY_ASSIGN(const net::Address address, api::parse_api_address(options_.api));
  api::Source source;
  source.post = [this](std::function<void()> task) { asked_.post(std::move(task)); };
  source.collect = [this] { return view(); };
  TRY_ASSIGN(api_, api::ReadApi::start(address, std::move(source)));
  return {};
}

base::Status Session::start_mock(net::dns::Overrides& overrides, proxy::Options& options) {
  // What AWS's own chain finds first, so that no real account is ever asked.
  setenv("AWS_ACCESS_KEY_ID", kMockAccessKeyId, 1);
  setenv("AWS_SECRET_ACCESS_KEY", kMockSecretAccessKey, 1);
  unsetenv("AWS_SESSION_TOKEN");
  // The proxies learn at their start where hosts are, so what is played is found out before.
  const auto played = hosts_of(resolver_);
  TRY_ASSIGN(mock_, MockRunner::start(played));
  mock_->redirect(later_hosts(resolver_), overrides, options);
  mock_->redirect(played, overrides, options);
  // Nobody but the model server is asked, unless a host is sent elsewhere by --resolve.
  options.extra_trust.alone = options_.resolve.empty();
  std::cerr << mock_->describe() << '\n';
  return {};
}

/// Exchanges go and trust as backends' requests do.
void Session::start_tokens(const proxy::Options& options) {
  tokens::Surroundings surroundings;
  surroundings.resolve = options_.resolve;
  surroundings.ca_pems = options.extra_trust.pems;
  surroundings.alone = options.extra_trust.alone;
  if (mock_) mock_->redirect(surroundings);
  tokens_ = std::make_unique<tokens::TokenService>(
      std::move(surroundings),
      [this](const std::string& policy, reconcilers::model::ExchangedToken token) {
        inbox_.put(policy, std::move(token));
      });
}

base::Status Session::start() {
  if (!inbox_.usable() || !asked_.usable()) return base::internal_error("eventfd failed");
  if (!options_.limit_store.empty()) {
    reconcilers::model::LimitStore store;
    const std::string why = reconcilers::model::parse_store_url(options_.limit_store, store);
    if (!why.empty()) {
      return base::config_error(base::Code::kInvalidArgument, "--limit-store: " + why);
    }
  }
  net::dns::Overrides overrides;
  TRY_ASSIGN(proxy::Options options, proxy_options(options_, overrides));
  take_changes();
  resolve::Result resolved = resolver_.result();
  if (options_.mock) TRY(start_mock(overrides, options));
  start_tokens(options);
  options.overrides = std::make_shared<const net::dns::Overrides>(std::move(overrides));
  TRY_ASSIGN(gateways_, Gateways::create(std::move(options), asked_));
  TRY(start_api());
  TRY(apply(std::move(resolved)));
  if (resolver_.gateways().empty()) {
    log::warn("no Gateway is served: the files hold none that is accepted");
  }
  return {};
}

base::Status Session::take_tokens() {
  for (auto& [policy, token] : inbox_.take()) {
    if (!token.problem.empty()) {
      log::warn("credentials cannot be exchanged", {{"policy", policy}, {"why", token.problem}});
    }
    resolver_.report_token(policy, std::move(token));
  }
  return update();
}

base::Status Session::apply(resolve::Result changed) {
  for (resolve::ExchangeUpdate& update : changed.exchanges) {
    tokens_->want(update.policy, std::move(update.exchange));
  }
  TRY(gateways_->apply(resolver_, std::move(changed)));
  say_problems();
  for (const std::string& line : gateways_->take_lines()) std::cerr << line << '\n';
  return {};
}

/// The model server comes first: what is begun here asks it at once.
base::Status Session::update() {
  resolve::Result changed = resolver_.result();
  base::Status played = mock_ ? mock_->set_hosts(hosts_of(resolver_)) : base::Status();
  TRY(apply(std::move(changed)));
  return played;
}

base::Status Session::reload() {
  take_changes();
  return update();
}

enum class Wake : std::uint8_t { kFiles, kTokens, kAsked, kEnd };

/// What the main thread waits for: a signal, a change of the files, a token or a task.
class Waiting {
 public:
  Waiting(files::FileWatcher& watcher, int signals, int tokens, int asked)
      : watcher_(watcher), signals_(signals), tokens_(tokens), asked_(asked) {
    if (!watcher.problem().empty()) retry_at_ = Clock::now() + kUnwatchedInterval;
    say_problem();
  }

  base::Result<Wake> next() {
    while (true) {
      pollfd fds[] = {{watcher_.fd(), POLLIN, 0},
                      {signals_, POLLIN, 0},
                      {tokens_, POLLIN, 0},
                      {asked_, POLLIN, 0}};
      const int ready = poll(fds, std::size(fds), wait_ms());
      if (ready < 0 && errno == EINTR) continue;
      if (ready < 0) return base::internal_error("poll failed");
      if (fds[1].revents != 0) return Wake::kEnd;
      if (fds[0].revents != 0) {
        watcher_.drain();
        if (watcher_.pending()) changes_.note(Clock::now());
      }
      // Before tasks, however many come.
      if (files_changed()) return Wake::kFiles;
      if (fds[2].revents != 0) return Wake::kTokens;
      if (fds[3].revents != 0) return Wake::kAsked;
    }
  }

 private:
  using Clock = files::Debounce::Clock;

  /// What happens in folders that are not watched is found by looking.
  bool files_changed() {
    const Clock::time_point now = Clock::now();
    const bool look = retry_at_ && now >= *retry_at_;
    if (look) watcher_.retry();
    const bool changed = changes_.take(now) && watcher_.take();
    say_problem();
    if (watcher_.problem().empty()) {
      retry_at_.reset();
    } else if (!retry_at_ || look) {
      retry_at_ = now + kUnwatchedInterval;
    }
    return changed || look;
  }

  void say_problem() {
    const std::string& problem = watcher_.problem();
    if (problem == said_) return;
    if (problem.empty()) {
      log::info("all folders are watched again");
    } else {
      log::error("some folders are not watched: all are read every few seconds",
                 {{"why", problem}});
    }
    said_ = problem;
  }

  /// -1: until something happens.
  [[nodiscard]] int wait_ms() const {
    std::optional<Clock::time_point> at = changes_.due();
    if (retry_at_ && (!at || *retry_at_ < *at)) at = retry_at_;
    if (!at) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*at - Clock::now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
  }

  files::FileWatcher& watcher_;
  int signals_;
  int tokens_;
  int asked_;
  files::Debounce changes_;  // outlasts tokens and tasks
  std::optional<Clock::time_point> retry_at_;
  std::string said_;  // the watcher's problem
};

}  // namespace

int run(const cli::RunOptions& options) {
  log::init(log::level_of(options.log_level), false);
  auto watcher = files::FileWatcher::create(options.files);
  if (!watcher) return fail(watcher.error().detail);
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  const net::Fd signals(signalfd(-1, &wanted, SFD_CLOEXEC));
  if (!signals.valid()) return fail("signalfd failed");

  const std::jthread warming(net::tls::warm_up);
  Session session(options);
  const base::Status started = session.start();
  if (!started) return fail(started.error().detail);
  Waiting waiting(**watcher, signals.get(), session.token_fd(), session.asked_fd());
  while (true) {
    const auto wake = waiting.next();
    if (!wake) return fail(wake.error().detail);
    if (*wake == Wake::kEnd) break;
    if (*wake == Wake::kAsked) {
      session.run_asked();
      continue;
    }
    const base::Status reloaded = *wake == Wake::kTokens ? session.take_tokens() : session.reload();
    if (!reloaded) log::error("reload", {{"why", reloaded.error().detail}});
  }
  // Who does not want to wait for the answers under way says so by a second signal. This one is
  // taken out before, or it would be the second.
  signalfd_siginfo taken{};
  if (read(signals.get(), &taken, sizeof taken) > 0) {
    pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
  }
  session.stop();
  return 0;
}

}  // namespace tollgate::controller::standalone
