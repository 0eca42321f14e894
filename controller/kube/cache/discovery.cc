#include "controller/kube/cache/discovery.h"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/kube/cache/discovery_decode.h"
#include "dataplane/base/log.h"

namespace tollgate::controller::kube::cache {

namespace {
// Aggregated documents (v2 since 1.30, v2beta1 since 1.26), else one document per group.
constexpr const char* kAccept =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json";
}  // namespace

const ServedResource* ServedKinds::find(std::string_view group, std::string_view kind,
                                        const std::vector<std::string>& versions) const {
  const auto found = kinds_.find(std::make_pair(std::string(group), std::string(kind)));
  if (found == kinds_.end()) return nullptr;
  if (versions.empty()) return &found->second.front();
  for (const std::string& version : versions) {
    for (const ServedResource& resource : found->second) {
      if (resource.type.version == version) return &resource;
    }
  }
  return nullptr;
}

void ServedKinds::add(ServedResource resource) {
  auto& versions = kinds_[{resource.type.group, resource.type.kind}];
  for (const ServedResource& known : versions) {
    if (known.type.version == resource.type.version) return;
  }
  versions.push_back(std::move(resource));
}

void ServedKinds::keep(const ServedKinds& before, const std::string& group,
                       const std::string& version) {
  for (const auto& [name, versions] : before.kinds_) {
    if (name.first != group) continue;
    for (const ServedResource& resource : versions) {
      if (resource.type.version == version) add(resource);
    }
  }
}

std::size_t ServedKinds::size() const {
  return kinds_.size();
}

struct Discovery::Impl {
  Impl(Api& where, Executor& runs, DiscoveryOptions opts)
      : api(where), executor(runs), options(opts), backoff(opts.backoff), timer(runs) {}

  Api& api;
  Executor& executor;
  const DiscoveryOptions options;
  Backoff backoff;
  Timer timer;
  Call call;
  bool started = false;
  bool reading = false;
  bool again = false;  // somebody asked for a read that begins later than the running one
  std::uint64_t reads = 0;
  int missing = 0;
  ServedKinds served;
  std::vector<std::weak_ptr<Listener>> listeners;

  /// The two roots, "/api" and "/apis": their last documents, for 304 answers.
  struct Root {
    std::string path;
    std::string etag;
    std::shared_ptr<const nlohmann::json> document;
  };
  Root roots[2] = {{"/api", "", nullptr}, {"/apis", "", nullptr}};

  // One read in progress.
  ServedKinds fresh;
  std::deque<std::string> group_versions;  // still to be asked for one by one

  void read() {
    timer.stop();
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    again = false;
    fresh = ServedKinds();
    group_versions.clear();
    read_root(0);
  }

  void read_root(std::size_t index) {
    Request request;
    request.path = roots[index].path;
    request.accept = kAccept;
    if (roots[index].document != nullptr) request.if_none_match = roots[index].etag;
    call = api.call(std::move(request), executor, [this, index](ApiResult<Response> result) {
      take_root(index, std::move(result));
    });
  }

  void take_root(std::size_t index, ApiResult<Response> result) {
    if (!result) return fail(result.error());
    Root& root = roots[index];
    if (result->code != 304) {
      root.document = result->body;
      root.etag = result->etag;
    }
    if (root.document == nullptr) return fail_protocol(root.path);
    StaleGroupVersions stale;
    if (add_aggregated(*root.document, fresh, stale)) {
      for (const auto& [group, version] : stale) fresh.keep(served, group, version);
    } else {
      for (std::string& name : group_versions_of(*root.document)) {
        group_versions.push_back(std::move(name));
      }
      root.document = nullptr;  // the root does not change when a group's resources do
    }
    if (index == 0) {
      read_root(1);
    } else {
      read_groups();
    }
  }

  void read_groups() {
    if (group_versions.empty()) return finish();
    const std::string name = std::move(group_versions.front());
    group_versions.pop_front();
    Request request;
    request.path = (name.find('/') == std::string::npos ? "/api/" : "/apis/") + name;
    call = api.call(std::move(request), executor, [this, name](ApiResult<Response> result) {
      if (result && result->body != nullptr) {
        add_resource_list(*result->body, fresh);
      } else if (!result && !result.error().not_found()) {
        // An extension's server that is away must not hide the others, nor withdraw its kinds.
        const std::size_t slash = name.find('/');
        fresh.keep(served, slash == std::string::npos ? std::string() : name.substr(0, slash),
                   slash == std::string::npos ? name : name.substr(slash + 1));
      }
      read_groups();
    });
  }

  void finish() {
    reading = false;
    served = std::move(fresh);
    ++reads;
    backoff.reset();
    schedule();
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (const auto listener = listeners[i].lock()) (*listener)();
    }
    listeners.erase(std::remove_if(listeners.begin(), listeners.end(),
                                   [](const auto& listener) { return listener.expired(); }),
                    listeners.end());
  }

  void fail_protocol(const std::string& path) {
    ApiError error;
    error.error = dataplane::base::backend_error(dataplane::base::Code::kProtocol, true,
                                                 "discovery: " + path + ": empty answer");
    fail(error);
  }

  void fail(const ApiError& error) {
    reading = false;
    again = false;
    dataplane::base::log::warn("cannot read what the API server serves",
                               {{"error", error.error.detail}});
    timer.start(backoff.next(executor.now()), [this] { read(); });
  }

  void schedule() {
    if (again) return executor_read();
    timer.start(missing > 0 ? options.missing_interval : options.interval, [this] { read(); });
  }

  void executor_read() {
    timer.start(std::chrono::nanoseconds(0), [this] { read(); });
  }
};

Discovery::Discovery(Api& api, Executor& executor, DiscoveryOptions options)
    : impl_(std::make_unique<Impl>(api, executor, options)) {}

Discovery::~Discovery() = default;

Discovery::Subscription Discovery::subscribe(Listener listener) {
  auto shared = std::make_shared<Listener>(std::move(listener));
  impl_->listeners.push_back(shared);
  return shared;
}

void Discovery::start() {
  if (std::exchange(impl_->started, true)) return;
  impl_->read();
}

void Discovery::refresh() {
  if (impl_->started) impl_->read();
}

void Discovery::add_missing(int by) {
  const bool first = impl_->missing == 0 && by > 0;
  impl_->missing += by;
  // A long wait that is running becomes a short one.
  if (first && impl_->started && !impl_->reading) impl_->schedule();
}

bool Discovery::ready() const {
  return impl_->reads > 0;
}

std::uint64_t Discovery::reads() const {
  return impl_->reads;
}

const ServedKinds& Discovery::served() const {
  return impl_->served;
}

}  // namespace tollgate::controller::kube::cache
