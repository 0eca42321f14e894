#include "controller/resolve/resolver.h"

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "controller/resolve/book.h"
#include "controller/resolve/withdraw.h"
#include "reconcilers/conditions.h"
#include "reconcilers/refs.h"

namespace tollgate::controller::resolve {

namespace resources = tollgate::reconcilers::resources;
using nlohmann::json;
using reconcilers::join;

struct Resolver::Impl {
  explicit Impl(ResolverOptions from)
      : options(std::move(from)),
        stages(register_stages(engine, options.resolution, options.owned)) {}

  struct Written {
    model::StatusScope scope = model::StatusScope::kWhole;
    std::shared_ptr<const json> status;
    model::ObjectId id;
  };

  void take_exchanges(Result& result);
  void take_members(Result& result);
  void take_faults();
  void take_statuses(Result& result);
  void take_owned(Result& result);
  [[nodiscard]] bool awaited(const model::ObjectStatus& status) const;
  [[nodiscard]] json finish(model::ObjectStatus status) const;
  [[nodiscard]] std::optional<model::Condition> programmed_on(const std::string& gateway,
                                                              const model::ObjectId& id) const;
  [[nodiscard]] std::optional<model::Condition> programmed_everywhere(
      const model::ObjectId& id) const;
  void add_programmed(std::vector<model::Condition>& conditions,
                      std::optional<model::Condition> condition) const;
  void refuse(const std::string& gateway, const ProxyReport& proxy);
  void release_refusals(const std::string& gateway, const std::vector<ProxyReport>& proxies);
  void forget_refusals(const std::string& gateway,
                       const std::function<bool(const std::set<std::string>& instances)>& obsolete);
  void note_credentials(const std::string& gateway, const std::vector<ProxyReport>& proxies);
  void keep_owned_faults(const model::ObjectId& gateway, const OwnedSet* owned);
  void close_books();
  Book& book(const std::string& gateway) {
    return books.try_emplace(gateway, gateway).first->second;
  }

  ResolverOptions options;
  derive::Engine engine;
  std::shared_ptr<const Stages> stages;
  std::map<std::string, Book, std::less<>> books;
  std::map<std::string, Written> written;  // by key_of(ObjectId)
  Book::Touched touched;                   // objects whose Programmed may have changed
  std::map<std::string, std::set<std::string>> refusers;  // key of Stages::refused -> instances
  std::map<std::string, std::set<std::string>> credential_faults;  // Gateway -> resource keys
  std::map<std::string, std::map<model::ObjectId, OwnedFault>> owned_faults;  // by Gateway
};

namespace {

/// "GATEWAY|REST" taken apart.
std::pair<std::string, std::string> split_key(const std::string& key) {
  const auto bar = key.find('|');
  return {key.substr(0, bar), key.substr(bar + 1)};
}

model::ObjectId gateway_id(const std::string& path) {
  const auto slash = path.find('/');
  return {std::string(resources::kGatewayGroup), "Gateway", path.substr(0, slash),
          path.substr(slash + 1)};
}

/// Key of a fault of a Book that is no resource's.
std::string owned_fault_key(const model::ObjectId& object) {
  return "owned|" + model::key_of(object);
}

}  // namespace

Resolver::Resolver(ResolverOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Resolver::~Resolver() = default;

base::Status Resolver::apply(std::span<const ObjectChange> changes) {
  base::Status status;
  const auto& inputs = impl_->stages->resolution->c.objects;
  for (const ObjectChange& change : changes) {
    if (!change.document) {
      const auto* info = resources::find_kind(change.id.group, change.id.kind);
      if (info == nullptr) continue;
      impl_->engine.erase(inputs[static_cast<std::size_t>(info->kind)], model::path_of(change.id));
      continue;
    }
    auto object = resources::make_object(change.document);
    if (!object) {
      if (status) status = std::move(object).error();
      continue;
    }
    const auto input = inputs[static_cast<std::size_t>(object->kind)];
    const std::string key = model::path_of(object->id);
    impl_->engine.put(input, key, *std::move(object));
  }
  return status;
}

void Resolver::Impl::refuse(const std::string& gateway, const ProxyReport& proxy) {
  Book& of = book(gateway);
  const std::uint64_t answered = of.number_of(proxy.refused_revision);
  for (const ProxyReport::Refusal& refusal : proxy.refused) {
    const snapshot::Resource* resource = of.set().find(refusal.key);
    // What has changed since the proxy looked was not what it refused.
    if (resource == nullptr || of.since(refusal.key) > answered) continue;
    const std::string key = refused_key(gateway, *resource);
    refusers[key].insert(proxy.instance);
    engine.put(stages->refused, key, Refused{gateway, refusal.key, refusal.why});
  }
}

void Resolver::Impl::forget_refusals(
    const std::string& gateway,
    const std::function<bool(const std::set<std::string>& instances)>& obsolete) {
  const std::string prefix = gateway + "|";
  for (auto at = refusers.lower_bound(prefix);
       at != refusers.end() && at->first.starts_with(prefix);) {
    if (!obsolete(at->second)) {
      ++at;
      continue;
    }
    engine.erase(stages->refused, at->first);
    at = refusers.erase(at);
  }
}

/// Forgets what only proxies refused that are not there any more. Nobody there at all says nothing.
void Resolver::Impl::release_refusals(const std::string& gateway,
                                      const std::vector<ProxyReport>& proxies) {
  if (proxies.empty()) return;
  forget_refusals(gateway, [&proxies](const std::set<std::string>& instances) {
    return std::none_of(proxies.begin(), proxies.end(), [&instances](const auto& proxy) {
      return instances.contains(proxy.instance);
    });
  });
}

void Resolver::Impl::note_credentials(const std::string& gateway,
                                      const std::vector<ProxyReport>& proxies) {
  Book& of = book(gateway);
  std::map<std::string, std::string> faults;
  for (const ProxyReport& proxy : proxies) {
    if (proxy.silent) continue;
    for (const ProxyReport::CredentialFault& fault : proxy.credential_faults) {
      faults.emplace(fault.key, "Proxy " + proxy.instance + " cannot get them: " + fault.why);
    }
  }
  std::set<std::string>& noted = credential_faults[gateway];
  for (const std::string& key : noted) {
    if (!faults.contains(key)) of.set_fault(key, std::nullopt, touched);
  }
  noted.clear();
  for (const auto& [key, why] : faults) {
    const std::vector<model::Owner>* owners = of.owners(key);
    if (owners == nullptr) continue;
    of.set_fault(key, Withheld{"CredentialsUnavailable", why, *owners}, touched);
    noted.insert(key);
  }
}

void Resolver::report(const std::string& gateway, std::vector<ProxyReport> proxies) {
  std::sort(proxies.begin(), proxies.end(),
            [](const auto& a, const auto& b) { return a.instance < b.instance; });
  Impl& i = *impl_;
  Book& book = i.book(gateway);
  reconcilers::GatewayFacts facts;
  std::optional<std::set<std::string>> abilities;
  for (const ProxyReport& proxy : proxies) {
    facts.proxies.push_back(
        {proxy.instance, proxy.ready, proxy.silent, book.number_of(proxy.acknowledged)});
    i.refuse(gateway, proxy);
    if (proxy.silent) continue;
    std::set<std::string> own(proxy.abilities.begin(), proxy.abilities.end());
    if (!abilities) {
      abilities = std::move(own);
    } else {
      std::erase_if(*abilities, [&own](const std::string& name) { return !own.contains(name); });
    }
  }
  facts.missing_pods = book.facts().missing_pods;
  i.release_refusals(gateway, proxies);
  if (abilities) {
    i.engine.put(i.stages->abilities, gateway, ProxyAbilities{*std::move(abilities)});
  } else {
    i.engine.erase(i.stages->abilities, gateway);
  }
  i.note_credentials(gateway, proxies);
  book.set_facts(std::move(facts), i.touched);
}

bool Resolver::report_owned(const std::string& gateway, const model::ObjectId& object,
                            std::optional<OwnedFault> fault) {
  Impl& i = *impl_;
  const OwnedSet* owned = i.engine.find(i.stages->owned, gateway);
  if (owned == nullptr || owned->objects.empty()) fault.reset();
  auto& faults = i.owned_faults[gateway];
  const auto known = faults.find(object);
  const bool same =
      fault ? known != faults.end() && known->second == *fault : known == faults.end();
  if (same) return false;
  if (fault) {
    const Withheld against{fault->reason, fault->why, {model::Owner{gateway_id(gateway), 0}}};
    i.book(gateway).set_fault(owned_fault_key(object), against, i.touched);
    faults[object] = *std::move(fault);
  } else {
    i.book(gateway).set_fault(owned_fault_key(object), std::nullopt, i.touched);
    faults.erase(known);
  }
  return true;
}

bool Resolver::report_pods(const std::string& gateway, std::string why) {
  Impl& i = *impl_;
  reconcilers::GatewayFacts facts = i.book(gateway).facts();
  if (facts.missing_pods == why) return false;
  facts.missing_pods = std::move(why);
  i.book(gateway).set_facts(std::move(facts), i.touched);
  return true;
}

void Resolver::report_replicas(const std::string& gateway, std::int32_t replicas) {
  const auto input = impl_->stages->resolution->c.replicas;
  if (replicas == 0) return impl_->engine.erase(input, gateway);
  impl_->engine.put(input, gateway, std::int32_t{replicas});
}

void Resolver::report_token(const std::string& policy, model::ExchangedToken token) {
  const auto& c = impl_->stages->resolution->c;
  if (impl_->engine.find(c.exchanges, policy) == nullptr) return;
  impl_->engine.put(c.tokens, policy, std::move(token));
}

/// What is not wanted any more cannot be missing.
void Resolver::Impl::keep_owned_faults(const model::ObjectId& gateway, const OwnedSet* owned) {
  const auto found = owned_faults.find(model::path_of(gateway));
  if (found == owned_faults.end()) return;
  std::erase_if(found->second, [&](const auto& entry) {
    const bool wanted =
        owned != nullptr && !owned->objects.empty() &&
        (entry.first.kind == "Secret" ||
         std::any_of(owned->objects.begin(), owned->objects.end(),
                     [&entry](const auto& object) { return object.id == entry.first; }));
    if (!wanted) book(found->first).set_fault(owned_fault_key(entry.first), std::nullopt, touched);
    return !wanted;
  });
}

void Resolver::Impl::take_members(Result& result) {
  std::set<std::string> changed;
  for (const std::string& key : engine.take_changes(stages->members)) {
    const auto [gateway, resource] = split_key(key);
    changed.insert(gateway);
    const Member* member = engine.find(stages->members, key);
    if (member != nullptr) {
      book(gateway).put(*member);
    } else {
      book(gateway).erase(resource);
    }
  }
  for (const std::string& gateway : changed) {
    Book& of = book(gateway);
    GatewayUpdate update{gateway, of.set().all().empty(), of.commit(touched)};
    if (!update.delta.revision.empty()) result.gateways.push_back(std::move(update));
  }
}

void Resolver::Impl::take_faults() {
  for (const std::string& key : engine.take_changes(stages->withheld)) {
    const auto [gateway, resource] = split_key(key);
    const Withheld* withheld = engine.find(stages->withheld, key);
    book(gateway).set_fault(
        resource, withheld != nullptr ? std::optional<Withheld>(*withheld) : std::nullopt, touched);
  }
}

std::optional<model::Condition> Resolver::Impl::programmed_on(const std::string& gateway,
                                                              const model::ObjectId& id) const {
  const auto found = books.find(gateway);
  if (found != books.end()) return found->second.programmed(id);
  return Book(gateway).programmed(id);
}

/// Over all Gateways that use the object: the first that is not ready decides.
std::optional<model::Condition> Resolver::Impl::programmed_everywhere(
    const model::ObjectId& id) const {
  std::optional<model::Condition> good;
  std::size_t count = 0;
  for (const auto& [gateway, of] : books) {
    model::Condition condition = of.programmed(id);
    if (condition.reason == "NotUsed") continue;
    if (condition.status != model::Truth::kTrue) return condition;
    ++count;
    good = std::move(condition);
  }
  if (!good) {
    return reconcilers::no(reconcilers::kProgrammed, "NotUsed",
                           "Nothing that is attached to a Gateway uses this object.");
  }
  if (count > 1) {
    good->message = "Every ready proxy of the " + std::to_string(count) +
                    " Gateways that use it runs this generation.";
  }
  return good;
}

void Resolver::Impl::add_programmed(std::vector<model::Condition>& conditions,
                                    std::optional<model::Condition> condition) const {
  const bool there = model::find_condition(conditions, reconcilers::kProgrammed) != nullptr;
  if (there || !condition) return;
  const bool of_proxies =
      condition->status == model::Truth::kTrue || condition->reason == "Pending";
  if (options.without_proxies && of_proxies) return;
  conditions.push_back(*std::move(condition));
}

json Resolver::Impl::finish(model::ObjectStatus status) const {
  for (auto* list : {&status.parents, &status.ancestors}) {
    for (model::ParentStatus& parent : *list) {
      if (parent.gateway.empty()) continue;
      add_programmed(parent.conditions, programmed_on(parent.gateway, status.id));
    }
  }
  if (status.programmed) {
    const bool gateway = status.id.kind == "Gateway";
    const auto condition = gateway ? programmed_on(model::path_of(status.id), status.id)
                                   : programmed_everywhere(status.id);
    add_programmed(status.conditions, condition);
    for (model::ListenerStatus& listener : status.listeners) {
      add_programmed(listener.conditions, condition);
    }
  }
  return model::to_json(status);
}

/// On any of the Gateways that the status speaks of.
bool Resolver::Impl::awaited(const model::ObjectStatus& status) const {
  const auto on = [&](const std::string& gateway) {
    const auto found = books.find(gateway);
    return found != books.end() && found->second.awaits(status.id);
  };
  for (const auto* list : {&status.parents, &status.ancestors}) {
    for (const model::ParentStatus& parent : *list) {
      if (!parent.gateway.empty() && on(parent.gateway)) return true;
    }
  }
  if (!status.programmed) return false;
  if (status.id.kind == "Gateway") return on(model::path_of(status.id));
  return std::any_of(books.begin(), books.end(),
                     [&](const auto& entry) { return entry.second.awaits(status.id); });
}

void Resolver::Impl::take_statuses(Result& result) {
  std::set<std::string> dirty;
  for (std::string& key : engine.take_changes(stages->resolution->c.statuses)) {
    dirty.insert(std::move(key));
  }
  for (const model::ObjectId& id : touched) dirty.insert(model::key_of(id));
  touched.clear();
  for (const std::string& key : dirty) {
    const model::ObjectStatus* draft = engine.find(stages->resolution->c.statuses, key);
    const auto old = written.find(key);
    if (draft == nullptr) {
      if (old == written.end()) continue;
      const model::StatusScope scope = old->second.scope;
      std::shared_ptr<const json> last = withdrawn(engine, *stages, old->second.id, scope);
      const bool once = last != nullptr && scope == model::StatusScope::kWhole;
      result.statuses.push_back({old->second.id, scope, std::move(last), once});
      written.erase(old);
      continue;
    }
    json status = finish(*draft);
    if (old != written.end() && *old->second.status == status) continue;
    Written now{draft->scope, std::make_shared<const json>(std::move(status)), draft->id};
    result.statuses.push_back({now.id, now.scope, now.status, draft->once, awaited(*draft)});
    written.insert_or_assign(key, std::move(now));
  }
}

void Resolver::Impl::take_owned(Result& result) {
  for (const std::string& key : engine.take_changes(stages->owned)) {
    const OwnedSet* owned = engine.find(stages->owned, key);
    keep_owned_faults(gateway_id(key), owned);
    result.owned.push_back(owned != nullptr ? *owned : OwnedSet{gateway_id(key), {}, {}});
  }
}

Result Resolver::result() {
  Result result;
  impl_->engine.propagate();
  impl_->take_members(result);
  impl_->take_faults();
  impl_->take_owned(result);
  impl_->take_statuses(result);
  impl_->take_exchanges(result);
  impl_->close_books();
  return result;
}

void Resolver::Impl::take_exchanges(Result& result) {
  const auto& c = stages->resolution->c;
  for (const std::string& policy : engine.take_changes(c.exchanges)) {
    ExchangeUpdate& update = result.exchanges.emplace_back(ExchangeUpdate{policy, std::nullopt});
    const model::Exchange* exchange = engine.find(c.exchanges, policy);
    if (exchange != nullptr) update.exchange = *exchange;
    if (exchange == nullptr) engine.erase(c.tokens, policy);
  }
}

/// Forgets what is known of Gateways that are gone.
void Resolver::Impl::close_books() {
  for (auto at = books.begin(); at != books.end();) {
    const std::string& gateway = at->first;
    const bool served = engine.find(stages->resolution->c.doors, gateway) != nullptr;
    if (served || !at->second.empty()) {
      ++at;
      continue;
    }
    forget_refusals(gateway, [](const std::set<std::string>&) { return true; });
    engine.erase(stages->abilities, gateway);
    credential_faults.erase(gateway);
    owned_faults.erase(gateway);
    engine.erase(stages->resolution->c.replicas, gateway);
    at = books.erase(at);
  }
}

const snapshot::ResourceSet* Resolver::set(std::string_view gateway) const {
  const auto found = impl_->books.find(gateway);
  return found == impl_->books.end() || found->second.set().all().empty() ? nullptr
                                                                          : &found->second.set();
}

std::vector<std::string> Resolver::gateways() const {
  std::vector<std::string> out;
  for (const auto& [gateway, book] : impl_->books) {
    if (!book.set().all().empty()) out.push_back(gateway);
  }
  return out;
}

const model::Gateway* Resolver::gateway(std::string_view name) const {
  return impl_->engine.find(impl_->stages->resolution->c.resolved_gateways, name);
}

std::vector<model::Owner> Resolver::owners(std::string_view gateway, std::string_view key) const {
  const auto found = impl_->books.find(gateway);
  const auto* owners = found == impl_->books.end() ? nullptr : found->second.owners(key);
  return owners == nullptr ? std::vector<model::Owner>{} : *owners;
}

std::vector<StatusUpdate> Resolver::statuses() const {
  std::vector<StatusUpdate> out;
  for (const auto& [key, entry] : impl_->written) {
    out.push_back({entry.id, entry.scope, entry.status, false});
  }
  return out;
}

const derive::Engine& Resolver::engine() const {
  return impl_->engine;
}
const Stages& Resolver::stages() const {
  return *impl_->stages;
}
void Resolver::reset_stats() {
  impl_->engine.reset_stats();
}

}  // namespace tollgate::controller::resolve
