#include "controller/kube/write/leader_elector.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "controller/kube/backoff.h"
#include "controller/kube/write/timestamps.h"
#include "dataplane/base/log.h"
#include "reconcilers/document/member.h"

namespace tollgate::controller::kube::write {

namespace {

using dataplane::base::MonotonicTime;
using nlohmann::json;
using reconcilers::document::text_of;

constexpr double kJitter = 1.2;  // of the retry period
constexpr int kIdentityBytes = 8;

const json& spec_of(const json& lease) {
  static const json kNone = json::object();
  const auto found = lease.find("spec");
  return found != lease.end() && found->is_object() ? *found : kNone;
}

std::int64_t number(const json& object, const char* name, std::int64_t otherwise) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                             : otherwise;
}

}  // namespace

std::string make_identity() {
  const char* pod = std::getenv("POD_NAME");
  char host[HOST_NAME_MAX + 1] = "tollgate";
  if (pod == nullptr) ::gethostname(host, sizeof host - 1);
  std::string identity = pod != nullptr ? pod : host;
  identity += '_';
  const char* uid = std::getenv("POD_UID");
  if (pod != nullptr && uid != nullptr && *uid != '\0') return identity + uid;
  constexpr const char* kHex = "0123456789abcdef";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> digit(0, 15);
  for (int i = 0; i < 2 * kIdentityBytes; ++i) identity.push_back(kHex[digit(random)]);
  return identity;
}

struct LeaderElector::Impl {
  Impl(Api& where, Executor& runs, LeaderElectorOptions opts, LeaderCallbacks calls)
      : api(where),
        executor(runs),
        options(std::move(opts)),
        callbacks(std::move(calls)),
        retry_timer(runs),
        deadline_timer(runs) {}

  Api& api;
  Executor& executor;
  const LeaderElectorOptions options;
  const LeaderCallbacks callbacks;
  Timer retry_timer;
  Timer deadline_timer;  // renew_deadline after the last renewal began
  Call call;

  json lease;                     // as last seen or written by us
  json observed;                  // its spec
  MonotonicTime observed_time{};  // our clock when the spec last changed
  std::string leader;
  std::atomic<bool> leading{false};
  std::atomic<MonotonicTime::rep> last_renewal{0};
  MonotonicTime attempt_began{};
  bool stopped = false;

  [[nodiscard]] ObjectRef ref() const {
    return {
        {"coordination.k8s.io", "v1", "Lease", "leases", true}, options.namespace_, options.name};
  }

  void attempt() {
    attempt_began = executor.now();
    // Leading with a lease that cannot have run out: no read is needed.
    const bool fast =
        leading && lease.is_object() && text_of(observed, "holderIdentity") == options.identity;
    if (fast) {
      write(/*fall_back=*/true);
    } else {
      read();
    }
  }

  void send(Request request, std::function<void(ApiResult<Response>)> done) {
    // A call that hangs must not eat the time in which another one could succeed.
    request.timeout = std::min(request.timeout, options.renew_deadline / 2);
    call = api.call(std::move(request), executor, std::move(done));
  }

  void read() {
    send(get_request(ref()), [this](ApiResult<Response> result) {
      if (!result && result.error().not_found()) return create();
      if (!result || result->body == nullptr) return failed(result);
      observe(std::move(*result->body));
      if (!available()) return lost_race();
      write(/*fall_back=*/false);
    });
  }

  void observe(json seen) {
    lease = std::move(seen);
    const json& spec = spec_of(lease);
    if (spec == observed) return;
    observed = spec;
    observed_time = executor.now();
    std::string holder = text_of(observed, "holderIdentity");
    if (holder == leader) return;
    leader = std::move(holder);
    dataplane::base::log::info("leader", {{"identity", leader}});
    if (callbacks.on_leader) callbacks.on_leader(leader);
  }

  /// Not held, held by us, or held by somebody who has not renewed it for its whole duration as our
  /// own clock sees it. The times in the record are other machines' and prove nothing.
  [[nodiscard]] bool available() {
    const std::string holder = text_of(observed, "holderIdentity");
    if (holder.empty() || holder == options.identity) return true;
    const auto own = std::chrono::duration_cast<std::chrono::seconds>(options.lease_duration);
    const std::chrono::seconds duration(number(observed, "leaseDurationSeconds", own.count()));
    return executor.now() >= observed_time + duration;
  }

  [[nodiscard]] json next_spec() {
    const std::string now = format_micro_time(executor.wall());
    json spec = observed.is_object() ? observed : json::object();  // unknown fields stay
    const bool ours = text_of(observed, "holderIdentity") == options.identity;
    spec["holderIdentity"] = options.identity;
    spec["leaseDurationSeconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(options.lease_duration).count();
    spec["renewTime"] = now;
    if (!ours || !spec.contains("acquireTime")) spec["acquireTime"] = now;
    const std::int64_t transitions = number(observed, "leaseTransitions", 0);
    const bool first =
        text_of(observed, "holderIdentity").empty() && !observed.contains("renewTime");
    spec["leaseTransitions"] = ours || first ? transitions : transitions + 1;
    return spec;
  }

  void create() {
    observed = json::object();
    const json object = {{"apiVersion", "coordination.k8s.io/v1"},
                         {"kind", "Lease"},
                         {"metadata", {{"name", options.name}, {"namespace", options.namespace_}}},
                         {"spec", next_spec()}};
    send(create_request(ref().type, object, "tollgate-leader"), [this](ApiResult<Response> result) {
      if (!result || result->body == nullptr) return failed(result);
      won(std::move(*result->body));
    });
  }

  void write(bool fall_back) {
    json object = lease;
    object["spec"] = next_spec();
    send(update_request(ref(), object, "tollgate-leader"),
         [this, fall_back](ApiResult<Response> result) {
           if (result && result->body != nullptr) return won(std::move(*result->body));
           if (fall_back) return read();
           failed(result);
         });
  }

  void won(json seen) {
    observe(std::move(seen));
    last_renewal = attempt_began.time_since_epoch().count();
    const auto left = options.renew_deadline - (executor.now() - attempt_began);
    deadline_timer.start(left, [this] { lose("not renewed in time"); });
    retry_timer.start(options.retry_period, [this] { attempt(); });
    if (leading.exchange(true)) return;
    dataplane::base::log::info("this replica leads", {{"identity", options.identity}});
    if (callbacks.on_started) callbacks.on_started();
  }

  void lost_race() {
    if (leading) return lose("held by " + text_of(observed, "holderIdentity"));
    later();
  }

  void failed(const ApiResult<Response>& result) {
    if (!result && !result.error().conflict() && !result.error().already_exists()) {
      dataplane::base::log::warn("the leader lease cannot be taken or renewed",
                                 {{"error", result.error().error.detail}});
    }
    later();
  }

  void later() {
    const auto period = options.retry_period;
    const auto longest = std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(period.count()) * (1 + kJitter)));
    retry_timer.start(leading ? period : random_between(period, longest), [this] { attempt(); });
  }

  void lose(const std::string& why) {
    retry_timer.stop();
    deadline_timer.stop();
    call.cancel();
    leading = false;
    stopped = true;
    dataplane::base::log::error("leadership is lost", {{"why", why}});
    if (callbacks.on_lost) callbacks.on_lost();
  }

  void release(std::function<void()> done, bool again) {
    json object = lease;
    json spec = observed;
    spec["holderIdentity"] = "";
    spec["leaseDurationSeconds"] = 1;
    spec["renewTime"] = format_micro_time(executor.wall());
    spec["acquireTime"] = spec["renewTime"];
    object["spec"] = std::move(spec);
    send(update_request(ref(), object, "tollgate-leader"),
         [this, done = std::move(done), again](ApiResult<Response> result) mutable {
           // A renewal that was under way may have moved the version.
           if (!result && result.error().conflict() && again)
             return reread_release(std::move(done));
           if (!result) {
             dataplane::base::log::warn("the leader lease cannot be given back",
                                        {{"error", result.error().error.detail}});
           }
           done();
         });
  }

  void reread_release(std::function<void()> done) {
    send(get_request(ref()), [this, done = std::move(done)](ApiResult<Response> result) mutable {
      if (!result || result->body == nullptr) return done();
      observe(std::move(*result->body));
      if (text_of(observed, "holderIdentity") != options.identity) return done();
      release(std::move(done), false);
    });
  }
};

dataplane::base::Result<std::unique_ptr<LeaderElector>> LeaderElector::create(
    Api& api, Executor& executor, LeaderElectorOptions options, LeaderCallbacks callbacks) {
  const auto longest_retry =
      std::chrono::duration<double, std::milli>(options.retry_period) * kJitter;
  const bool ordered = options.lease_duration > options.renew_deadline &&
                       options.renew_deadline > longest_retry && options.retry_period.count() > 0 &&
                       options.lease_duration >= std::chrono::seconds(1);
  if (!ordered) {
    return dataplane::base::config_error(
        dataplane::base::Code::kInvalidArgument,
        "leader election: lease duration > renew deadline > 1.2 * retry period must hold");
  }
  if (options.identity.empty() || options.namespace_.empty() || options.name.empty()) {
    return dataplane::base::config_error(
        dataplane::base::Code::kInvalidArgument,
        "leader election: namespace, name and identity are needed");
  }
  return std::unique_ptr<LeaderElector>(new LeaderElector(
      std::make_unique<Impl>(api, executor, std::move(options), std::move(callbacks))));
}

LeaderElector::LeaderElector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LeaderElector::~LeaderElector() = default;

void LeaderElector::start() {
  impl_->attempt();
}

void LeaderElector::release(std::function<void()> done) {
  impl_->retry_timer.stop();
  impl_->deadline_timer.stop();
  impl_->call.cancel();
  impl_->stopped = true;
  if (!impl_->leading.exchange(false)) return done();
  impl_->release(std::move(done), true);
}

bool LeaderElector::is_leader() const {
  return impl_->leading;
}

const std::string& LeaderElector::leader() const {
  return impl_->leader;
}

bool LeaderElector::healthy(std::chrono::milliseconds tolerance) const {
  if (!impl_->leading) return true;
  const MonotonicTime renewed{MonotonicTime::duration(impl_->last_renewal.load())};
  return impl_->executor.now() < renewed + impl_->options.lease_duration + tolerance;
}

}  // namespace tollgate::controller::kube::write
