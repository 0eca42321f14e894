#include "controller/pipeline/operator.h"

#include <csignal>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "controller/api/read_api.h"
#include "controller/kube/auth/config.h"
#include "controller/kube/client.h"
#include "controller/kube/executor.h"
#include "controller/kube/write/leader_elector.h"
#include "controller/pipeline/admin.h"
#include "controller/pipeline/operator_core.h"
#include "dataplane/base/env.h"
#include "dataplane/base/log.h"
#include "dataplane/event/signals.h"

namespace tollgate::controller::pipeline {

namespace base = dataplane::base;
namespace event = dataplane::event;
namespace log = base::log;
namespace net = dataplane::net;

namespace {

constexpr const char* kServiceName = "tollgate-controller";
/// The ConfigMap of manifests/redis.yaml.
constexpr std::string_view kLimitStoreConfig = "tollgate-limit-store";
/// Longer than that nothing at the end is waited for.
constexpr std::chrono::seconds kWritersLimit{5};
constexpr std::chrono::seconds kReleaseLimit{5};

int fail(const std::string& what) {
  std::cerr << "tollgate controller: " << what << '\n';
  return 1;
}

base::Result<OperatorOptions> operator_options(const cli::ControllerOptions& options,
                                               const std::string& namespace_) {
  OperatorOptions out;
  out.watch_namespaces = options.watch_namespaces;
  out.namespace_ = namespace_;
  out.instance = base::env_or("POD_NAME", "tollgate");
  const auto push = net::parse_address(options.push);
  if (!push) {
    return base::config_error(base::Code::kInvalidArgument, "--push wants ADDRESS:PORT");
  }
  out.push = *push;
  const std::string host =
      options.push_host.empty()
          ? std::string(kServiceName) + "." + namespace_ + ".svc:" + std::to_string(push->port)
          : options.push_host;
  const auto named = net::parse_host_port(host);
  if (!named) {
    return base::config_error(base::Code::kInvalidArgument, "--push-host wants HOST:PORT");
  }
  out.push_dns_names = {named->host};
  out.resolver.resolution.adopted_controller_names = options.adopt_controller_names;
  if (!options.limit_store.empty()) {
    reconcilers::model::LimitStore store;
    const std::string why = reconcilers::model::parse_store_url(options.limit_store, store);
    if (!why.empty()) {
      return base::config_error(base::Code::kInvalidArgument, "--limit-store: " + why);
    }
  }
  out.resolver.resolution.limit_store = options.limit_store;
  out.resolver.resolution.limit_store_secret = options.limit_store_secret;
  out.resolver.resolution.limit_store_config = namespace_ + "/" + std::string(kLimitStoreConfig);
  out.resolver.owned.image = options.proxy_image;
  out.resolver.owned.controller = host;
  out.resolver.owned.operator_namespace = namespace_;
  return out;
}

/// Everything that lives on the executor's thread.
struct Runtime {
  std::unique_ptr<Operator> core;
  std::unique_ptr<kube::write::LeaderElector> elector;
};

base::Status start_election(Runtime& runtime, kube::Api& api, kube::Executor& executor,
                            const std::string& namespace_, bool elect) {
  if (!elect) {
    runtime.core->set_leader(true);
    return {};
  }
  kube::write::LeaderElectorOptions options;
  options.namespace_ = namespace_;
  options.identity = kube::write::make_identity();
  kube::write::LeaderCallbacks callbacks;
  callbacks.on_started = [&runtime] { runtime.core->set_leader(true); };
  callbacks.on_lost = [] {
    log::error("leadership was lost: ending, so that two replicas never write");
    std::_Exit(1);
  };
  TRY_ASSIGN(runtime.elector, kube::write::LeaderElector::create(api, executor, std::move(options),
                                                                 std::move(callbacks)));
  runtime.elector->start();
  return {};
}

base::Result<std::unique_ptr<Admin>> start_admin(const std::string& text,
                                                 kube::SerialExecutor& executor, Runtime& runtime) {
  const auto address = net::parse_address(text);
  if (!address) {
    return base::config_error(base::Code::kInvalidArgument, "--admin wants ADDRESS:PORT");
  }
  AdminSource source;
  source.post = [&executor](std::function<void()> task) { executor.post(std::move(task)); };
  source.healthy = [&runtime] { return !runtime.elector || runtime.elector->healthy(); };
  source.not_ready = [&runtime] { return runtime.core->not_ready(); };
  source.metrics = [&runtime] { return runtime.core->metrics(); };
  return Admin::start(*address, std::move(source));
}

/// Null without an address.
base::Result<std::unique_ptr<api::ReadApi>> start_api(const std::string& text,
                                                      kube::SerialExecutor& executor,
                                                      Runtime& runtime) {
  if (text.empty()) return std::unique_ptr<api::ReadApi>();
  TRY_ASSIGN(const net::Address address, api::parse_api_address(text));
  api::Source source;
  source.post = [&executor](std::function<void()> task) { executor.post(std::move(task)); };
  source.collect = [&runtime] { return runtime.core ? runtime.core->view() : api::View(); };
  return api::ReadApi::start(address, std::move(source));
}

/// Runs `begin` on the executor and waits until it calls back, within a limit.
void wait_for(kube::SerialExecutor& executor, std::chrono::seconds limit,
              const std::function<void(std::function<void()>)>& begin) {
  auto over = std::make_shared<std::promise<void>>();
  executor.run([&] { begin([over] { over->set_value(); }); });
  over->get_future().wait_for(limit);
}

/// Writers first, then the Lease, which runs out by itself if the API server does not answer.
void stop(kube::SerialExecutor& executor, Runtime& runtime) {
  wait_for(executor, kWritersLimit,
           [&](std::function<void()> done) { runtime.core->finish(std::move(done)); });
  wait_for(executor, kReleaseLimit, [&](std::function<void()> done) {
    if (runtime.elector) return runtime.elector->release(std::move(done));
    done();
  });
  executor.run([&] {
    runtime.elector.reset();
    runtime.core.reset();
  });
}

}  // namespace

int run(const cli::ControllerOptions& options) {
  log::init(log::level_of(options.log_level), true);
  kube::auth::KubeconfigOptions kubeconfig;
  kubeconfig.file = options.kubeconfig;
  if (!options.api.empty()) {
    const auto address = api::parse_api_address(options.api);
    if (!address) return fail(address.error().detail);
  }
  auto config = kube::auth::load_config(kubeconfig);
  if (!config) return fail(config.error().detail);
  const std::string namespace_ = base::env_or("POD_NAMESPACE", "tollgate-system");
  auto operator_settings = operator_options(options, namespace_);
  if (!operator_settings) return fail(operator_settings.error().detail);
  auto client = kube::Client::create(*config);
  if (!client) return fail(client.error().detail);
  log::info("starting", {{"server", (*client)->server()}, {"namespace", namespace_}});

  base::SystemClock push_clock;
  kube::SerialExecutor executor("operator");
  Runtime runtime;
  std::optional<base::Error> error;
  executor.run([&] {
    runtime.core =
        std::make_unique<Operator>(**client, executor, push_clock, std::move(*operator_settings));
    runtime.core->start();
    const base::Status election =
        start_election(runtime, **client, executor, namespace_, options.leader_elect);
    if (!election) error = election.error();
  });
  if (error) return fail(error->detail);
  auto admin = start_admin(options.admin, executor, runtime);
  if (!admin) {
    stop(executor, runtime);
    return fail(admin.error().detail);
  }
  auto api = start_api(options.api, executor, runtime);
  if (!api) {
    admin->reset();
    stop(executor, runtime);
    return fail(api.error().detail);
  }
  event::wait_for_signal({SIGTERM, SIGINT});
  log::info("stopping");
  api->reset();
  admin->reset();
  stop(executor, runtime);
  executor.stop();
  return 0;
}

}  // namespace tollgate::controller::pipeline
