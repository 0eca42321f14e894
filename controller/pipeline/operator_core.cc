#include "controller/pipeline/operator_core.h"

#include <algorithm>
#include <utility>

#include "controller/pipeline/kinds.h"
#include "controller/pipeline/owned.h"
#include "dataplane/base/log.h"
#include "reconcilers/conditions.h"
#include "reconcilers/resources/kinds.h"

namespace tollgate::controller::pipeline {

namespace base = dataplane::base;
namespace log = base::log;
namespace cache = kube::cache;
namespace model = reconcilers::model;
namespace resources = reconcilers::resources;
namespace write = kube::write;

namespace {

constexpr std::chrono::hours kRotationCheck{1};
/// The longest that proxies are told nothing because token services do not answer.
constexpr std::chrono::seconds kFirstTokensLimit{15};

model::ObjectId id_of(const kube::ObjectKey& key) {
  return {key.group, key.kind, key.namespace_, key.name};
}

kube::ObjectKey cached_key(const model::ObjectId& id) {
  return {id.group, id.kind, id.namespace_, id.name};
}

std::vector<std::string> controller_names(const reconcilers::Options& options) {
  std::vector<std::string> names = options.adopted_controller_names;
  names.insert(names.begin(), options.controller_name);
  return names;
}

write::StatusWriterOptions writer_options(const OperatorOptions& options) {
  write::StatusWriterOptions out;
  out.controller_names = controller_names(options.resolver.resolution);
  return out;
}

write::EventOptions event_options(const OperatorOptions& options) {
  write::EventOptions out;
  out.controller = options.resolver.resolution.controller_name;
  out.instance = options.instance;
  return out;
}

resolve::ProxyReport report_of(const push::ProxyState& proxy) {
  resolve::ProxyReport report;
  report.instance = proxy.instance;
  report.ready = proxy.connected && proxy.ready;
  report.silent = proxy.silent;
  report.acknowledged = proxy.acked_revision;
  report.refused_revision = proxy.refused_revision;
  for (const auto& problem : proxy.problems) report.refused.push_back({problem.key, problem.why});
  for (const auto& credential : proxy.credentials) {
    if (!credential.usable) report.credential_faults.push_back({credential.key, credential.why});
  }
  report.abilities = proxy.capabilities;
  return report;
}

}  // namespace

Operator::Operator(kube::Api& api, kube::Executor& executor, base::Clock& clock,
                   OperatorOptions options)
    : api_(api),
      executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      discovery_(api, executor),
      resolver_(options_.resolver),
      holdoff_(executor, {}, [this] { reconcile(); }),
      status_writer_(api, executor, writer_options(options_),
                     [this](const kube::ObjectKey& key) { return store_.find(key); }),
      applier_(
          api, executor, {}, [this](const kube::ObjectKey& key) { return store_.find(key); },
          [this](const std::string& uid) { return list_owned(uid); },
          [this](const write::ApplyOutcome& outcome) { on_applied(outcome); }),
      events_(api, executor, event_options(options_)),
      identity_(api, executor, store_, options_.namespace_, [this] { on_authority(); }),
      hourly_(executor),
      first_tokens_limit_(executor),
      patience_(executor, [this](const resolve::StatusUpdate& update) { submit_status(update); }) {
  tokens_ = std::make_unique<tokens::TokenService>(
      tokens::Surroundings{},
      [this, alive = alive_](const std::string& policy, model::ExchangedToken token) {
        executor_.post([this, alive, policy, token = std::move(token)] {
          if (*alive) on_token(policy, token);
        });
      });
  status_writer_.on_transition([this](const write::Transition& t) { on_transition(t); });
  status_writer_.on_result([this](const kube::ObjectRef& ref, const kube::ApiError* error) {
    if (error == nullptr) on_status_written(ref.key());
  });
  for (cache::InformerOptions& informer :
       informer_options(options_.watch_namespaces, options_.namespace_)) {
    const auto key = std::make_pair(informer.group, informer.kind);
    informers_[key] = std::make_unique<cache::Informer>(
        api_, executor_, discovery_, std::move(informer),
        [this](const cache::Change& change) { on_change(change); },
        [this](cache::InformerState) { holdoff_.touch(); });
  }
}

Operator::~Operator() {
  *alive_ = false;
  // Its thread calls back into the executor: it ends first.
  push_.reset();
  tokens_.reset();
}

void Operator::start() {
  discovery_.start();
  for (auto& [key, informer] : informers_) informer->start();
  on_hour();
}

void Operator::set_leader(bool leader) {
  status_writer_.set_enabled(leader);
  applier_.set_enabled(leader);
  events_.set_enabled(leader);
  identity_.set_leader(leader);
  leads_ = leader;
  if (push_ != nullptr) push_->set_leader(leader);
  holdoff_.touch();
}

void Operator::finish(std::function<void()> done) {
  set_leader(false);
  status_writer_.when_idle([this, done = std::move(done)] {
    applier_.when_idle([this, done] { identity_.when_idle(done); });
  });
}

void Operator::on_hour() {
  if (settled()) {
    identity_.refresh();
    on_authority();
    for (const auto& [gateway, set] : owned_) submit_owned(gateway);
  }
  hourly_.start(kRotationCheck, [this] { on_hour(); });
}

bool Operator::settled() const {
  return std::all_of(informers_.begin(), informers_.end(),
                     [](const auto& entry) { return entry.second->settled(); });
}

const cache::Informer* Operator::informer_of(const std::string& group,
                                             const std::string& kind) const {
  const auto at = informers_.find({group, kind});
  return at == informers_.end() ? nullptr : at->second.get();
}

void Operator::on_change(const cache::Change& change) {
  const bool gone = change.type == cache::ChangeType::kDeleted;
  const bool changed = gone ? store_.erase(change.key) : store_.put(change.key, change.object);
  if (!changed) return;
  // Of what is gone, resolution decides: it may be there again by then, with the same status.
  if (!gone) status_writer_.recheck(change.key);
  applier_.recheck(change.key);
  if (change.key.kind == "Deployment") note_pods(change.key, gone ? nullptr : change.object);
  holdoff_.touch();
}

/// How many pods a Gateway has, and whether they can be created, is said by its Deployment.
void Operator::note_pods(const kube::ObjectKey& key, const kube::JsonPtr& deployment) {
  const auto known = deployments_.find(key);
  const std::string gateway = deployment != nullptr         ? gateway_of(*deployment)
                              : known != deployments_.end() ? known->second
                                                            : std::string();
  if (gateway.empty()) return;
  if (deployment == nullptr) {
    deployments_.erase(known);
    resolver_.report_replicas(gateway, 0);
    resolver_.report_pods(gateway, {});
    return;
  }
  deployments_[key] = gateway;
  resolver_.report_replicas(gateway, replicas_of(*deployment));
  resolver_.report_pods(gateway, why_no_pods(*deployment));
}

/// A status that was to be written once is not kept up. Not inside of the writer's own call.
void Operator::on_status_written(const kube::ObjectKey& key) {
  if (!once_.contains(key)) return;
  executor_.post([this, alive = alive_, key] {
    if (*alive && once_.erase(key) > 0) status_writer_.forget(key);
  });
}

/// What keeps an object from being as wanted is told in its Gateway's status. Not inside of the
/// applier's own call, because publishing may submit to it again.
void Operator::on_applied(const write::ApplyOutcome& outcome) {
  const std::string gateway = outcome.owner.namespace_ + "/" + outcome.owner.name;
  if (!resolver_.report_owned(gateway, id_of(outcome.object), fault_of(outcome))) return;
  executor_.post([this, alive = alive_] {
    if (*alive && resolved_once_) publish();
  });
}

/// Runs once everything has been read, after a burst of changes.
void Operator::reconcile() {
  if (!settled()) return;
  std::vector<resolve::ObjectChange> changes;
  for (const kube::ObjectKey& key : store_.drain()) {
    if (resources::find_kind(key.group, key.kind) == nullptr) continue;
    changes.push_back({id_of(key), store_.find(key)});
    if (changes.back().document != nullptr) continue;
    once_.erase(key);
    status_writer_.forget(key);
  }
  identity_.refresh();
  const base::Status applied = resolver_.apply(changes);
  if (!applied) log::warn("an object is not read", {{"why", applied.error().detail}});
  ++reconciles_;
  const bool first = !resolved_once_;
  resolved_once_ = true;
  publish();
  if (first) remove_orphans();
}

/// What an operator before this one made for Gateways that have left us meanwhile.
void Operator::remove_orphans() {
  for (resolve::OwnedSet& made : find_made(store_, options_.namespace_)) {
    const std::string gateway = model::path_of(made.gateway);
    const auto known = owned_.find(gateway);
    if (known != owned_.end()) continue;
    log::info("removing what ran a Gateway that is not ours any more", {{"gateway", gateway}});
    take_owned(std::move(made));
  }
}

void Operator::publish() {
  const resolve::Result result = resolver_.result();
  take_exchanges(result.exchanges);
  for (const resolve::GatewayUpdate& update : result.gateways) {
    ++pushes_;
    if (update.gone) proxies_.erase(update.gateway);
    if (push_ == nullptr) continue;
    if (update.gone) {
      push_->withdraw(update.gateway);
    } else {
      publish_set(update.gateway);
    }
  }
  for (const resolve::OwnedSet& set : result.owned) take_owned(set);
  for (const resolve::StatusUpdate& update : result.statuses) patience_.take(update);
}

/// Before sets are published, which are held back while first tokens are awaited.
void Operator::take_exchanges(std::span<const resolve::ExchangeUpdate> exchanges) {
  for (const resolve::ExchangeUpdate& update : exchanges) {
    tokens_->want(update.policy, update.exchange);
  }
  first_tokens_.note_wanted(exchanges);
  const bool was_held = std::exchange(held_, first_tokens_.awaited());
  if (held_ && !was_held) {
    first_tokens_limit_.start(kFirstTokensLimit, [this] {
      log::warn("some credentials are not exchanged yet: proxies are served without them");
      first_tokens_.give_up();
      publish();
    });
  }
  if (held_ || !was_held) return;
  first_tokens_limit_.stop();
  if (push_ == nullptr) return;
  for (const std::string& gateway : resolver_.gateways()) publish_set(gateway);
}

void Operator::on_token(const std::string& policy, model::ExchangedToken token) {
  if (!token.problem.empty()) {
    log::warn("credentials cannot be exchanged", {{"policy", policy}, {"why", token.problem}});
  }
  resolver_.report_token(policy, std::move(token));
  first_tokens_.note_outcome(policy);
  holdoff_.touch();
}

void Operator::take_owned(resolve::OwnedSet set) {
  const std::string gateway = model::path_of(set.gateway);
  const auto known = owned_.find(gateway);
  // A Gateway that is not ours any more comes without uid: the earlier one tells its objects.
  if (set.gateway_uid.empty()) {
    if (known == owned_.end()) return;
    set.gateway_uid = known->second.gateway_uid;
  }
  const bool over = set.objects.empty();
  owned_[gateway] = std::move(set);
  submit_owned(gateway);
  if (over) owned_.erase(gateway);
}

void Operator::publish_set(const std::string& gateway) {
  const auto* set = resolver_.set(gateway);
  if (set == nullptr || held_) return;
  push_->publish(gateway, std::make_shared<const dataplane::snapshot::ResourceSet>(*set));
}

void Operator::submit_status(const resolve::StatusUpdate& update) {
  const kube::ObjectKey key = cached_key(update.id);
  once_.erase(key);
  if (update.status == nullptr) {
    status_writer_.forget(key);
    return;
  }
  if (update.once) once_.insert(key);
  const cache::Informer* informer = informer_of(update.id.group, update.id.kind);
  if (informer == nullptr || !informer->type()) return;
  write::StatusUpdate out;
  out.ref = {*informer->type(), update.id.namespace_, update.id.name};
  out.desired = update.status;
  switch (update.scope) {
    case model::StatusScope::kWhole:
      out.ownership = write::Ownership::kWhole;
      break;
    case model::StatusScope::kParents:
      out.ownership = write::Ownership::kParents;
      break;
    case model::StatusScope::kAncestors:
      out.ownership = write::Ownership::kAncestors;
      break;
  }
  status_writer_.submit(std::move(out));
}

void Operator::submit_owned(const std::string& gateway) {
  const resolve::OwnedSet& wanted = owned_[gateway];
  write::OwnedSet set;
  set.owner = cached_key(wanted.gateway);
  set.owner_uid = wanted.gateway_uid;
  for (const render::OwnedObject& object : wanted.objects) {
    set.objects.push_back({owned_type(object.id.kind), object.document});
  }
  if (!wanted.objects.empty()) {
    const GatewayRef ref{wanted.gateway.namespace_, wanted.gateway.name, wanted.gateway_uid};
    kube::JsonPtr secret = identity_.gateway_secret(ref);
    // Without its certificate a proxy cannot start: the set waits for the authority.
    if (secret == nullptr) return;
    set.objects.push_back({owned_type("Secret"), std::move(secret)});
  }
  applier_.submit(set);
}

std::vector<write::OwnedObject> Operator::list_owned(const std::string& uid) const {
  std::vector<write::OwnedObject> found;
  for (const auto& [gateway, wanted] : owned_) {
    if (wanted.gateway_uid != uid) continue;
    for (const char* kind : kOwnedKinds) {
      const kube::ResourceType type = owned_type(kind);
      for (kube::JsonPtr& object : store_.list(type.group, kind, wanted.gateway.namespace_)) {
        if (is_ours(*object, uid)) found.push_back({type, std::move(object)});
      }
    }
  }
  return found;
}

void Operator::on_authority() {
  if (!identity_.authority()) return;
  auto config =
      push::server_config(*identity_.authority(), options_.push_dns_names, executor_.wall());
  if (!config) {
    push_problem_ = config.error().detail;
    return;
  }
  if (push_ != nullptr) {
    push_->set_tls(std::move(*config));
    return;
  }
  push::PushServerOptions options;
  options.bind = options_.push;
  options.tls = std::move(*config);
  options.clock = &clock_;
  options.on_state = [this, alive = alive_](push::GatewayState state) {
    executor_.post([this, alive, state = std::move(state)] {
      if (*alive) on_push_state(state);
    });
  };
  auto server = push::PushServer::start(std::move(options));
  if (!server) {
    push_problem_ = server.error().detail;
    log::error("push channel: cannot be served", {{"why", push_problem_}});
    return;
  }
  push_problem_.clear();
  push_ = std::move(*server);
  push_->set_leader(leads_);
  for (const std::string& gateway : resolver_.gateways()) publish_set(gateway);
  for (const auto& [gateway, set] : owned_) submit_owned(gateway);
}

void Operator::on_push_state(const push::GatewayState& state) {
  std::vector<resolve::ProxyReport> reports;
  reports.reserve(state.proxies.size());
  for (const push::ProxyState& proxy : state.proxies) reports.push_back(report_of(proxy));
  proxies_[state.gateway] = reports;
  resolver_.report(state.gateway, std::move(reports));
  if (resolved_once_) publish();
}

void Operator::on_transition(const write::Transition& transition) {
  write::ObjectEvent event;
  event.regarding = transition.ref;
  event.uid = transition.uid;
  event.resource_version = transition.resource_version;
  event.warning = reconcilers::says_wrong(transition.type, transition.new_status);
  event.reason = transition.reason;
  event.action = "Reconcile";
  event.note = transition.type + "=" + transition.new_status + ": " + transition.message;
  events_.record(std::move(event));
}

api::View Operator::view() const {
  api::View view;
  store_.each([&view](const kube::ObjectKey& key, const kube::JsonPtr& object) {
    if (resources::find_kind(key.group, key.kind) == nullptr) return;
    view.objects.push_back({object, nullptr, {}});
  });
  for (const std::string& gateway : resolver_.gateways()) {
    const auto heard = proxies_.find(gateway);
    view.gateways.push_back(api::gateway_view(
        resolver_, gateway,
        heard == proxies_.end() ? std::vector<resolve::ProxyReport>() : heard->second));
  }
  return view;
}

std::string Operator::not_ready() const {
  for (const auto& [key, informer] : informers_) {
    if (informer->settled()) continue;
    std::string why = "reading " + key.second;
    if (informer->last_error()) why += ": " + informer->last_error()->error.detail;
    return why;
  }
  if (!resolved_once_) return "resolving";
  if (push_ == nullptr) {
    return push_problem_.empty() ? "waiting for the push channel's authority" : push_problem_;
  }
  return {};
}

std::string Operator::metrics() const {
  std::string out;
  const auto add = [&out](const char* name, const char* type, const char* help,
                          std::uint64_t value) {
    out += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n" +
           name + " " + std::to_string(value) + "\n";
  };
  const auto status = status_writer_.stats();
  const auto applied = applier_.stats();
  const auto events = events_.stats();
  add("tollgate_controller_objects", "gauge", "API objects in the cache.", store_.size());
  add("tollgate_controller_reconciles_total", "counter", "Runs of resolution.", reconciles_);
  add("tollgate_controller_pushes_total", "counter", "Changed Gateway sets.", pushes_);
  add("tollgate_controller_status_writes_total", "counter", "Statuses written.", status.writes);
  add("tollgate_controller_status_failures_total", "counter", "Status writes that failed.",
      status.failures);
  add("tollgate_controller_status_conflicts_total", "counter", "Status writes that met a change.",
      status.conflicts);
  add("tollgate_controller_applies_total", "counter", "Owned objects applied.", applied.applies);
  add("tollgate_controller_apply_failures_total", "counter", "Owned objects not applied.",
      applied.failures + applied.refused);
  add("tollgate_controller_events_total", "counter", "Events written.", events.written);
  return out;
}

}  // namespace tollgate::controller::pipeline
