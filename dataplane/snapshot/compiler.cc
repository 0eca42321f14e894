#include "dataplane/snapshot/compiler.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <variant>

#include "dataplane/snapshot/check.h"
#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/limits.h"

// How a delta becomes a snapshot:
//
//   changed keys -> dirty set -> for each kind in dependency order: build nodes, mark dependents
//                -> refusals? undo : commit
//
// Building reads staged nodes first, then the current ones. A dependent by pointer is rebuilt with
// its target; a dependent by id only when its target goes away, which makes it a refusal.

namespace tollgate::dataplane::snapshot {

namespace {

/// Of listeners without a policy of their own.
const std::shared_ptr<const ClientPolicyNode>& standard_policy() {
  static const auto kPolicy = std::make_shared<const ClientPolicyNode>();
  return kPolicy;
}

/// Dependency order: a kind refers only to kinds before it.
constexpr std::string_view kKinds[] = {
    "secret",   "store",      "gateway",  "client_policy", "limits", "costs", "endpoints",
    "listener", "credential", "upstream", "backend",       "route",  "rule"};

std::size_t rank_of(std::string_view kind) {
  const auto found = std::find(std::begin(kKinds), std::end(kKinds), kind);
  return static_cast<std::size_t>(found - std::begin(kKinds));
}

/// The nodes of one kind: current ones, and those of the update in progress (null: deleted).
template <typename N>
struct Shelf {
  std::unordered_map<std::string, std::shared_ptr<const N>> nodes;
  std::unordered_map<std::string, std::shared_ptr<const N>> staged;

  [[nodiscard]] std::shared_ptr<const N> find(const std::string& key) const {
    if (const auto found = staged.find(key); found != staged.end()) return found->second;
    return current(key);
  }
  [[nodiscard]] std::shared_ptr<const N> current(const std::string& key) const {
    const auto found = nodes.find(key);
    return found == nodes.end() ? nullptr : found->second;
  }
  void commit() {
    for (auto& [key, node] : staged) {
      if (node) {
        nodes[key] = node;
      } else {
        nodes.erase(key);
      }
    }
    staged.clear();
  }
};

/// Hands out the places of a Table.
class Slots {
 public:
  SlotId take() {
    if (!free_.empty()) {
      const SlotId id = free_.back();
      free_.pop_back();
      return id;
    }
    return {next_++, 0};
  }
  void give_back(SlotId id) { free_.push_back({id.slot, id.generation + 1}); }

 private:
  std::vector<SlotId> free_;
  std::uint32_t next_ = 0;
};

template <typename N>
struct Slotted {
  Slots slots;
  std::vector<SlotId> taken;  // by the update in progress

  SlotId id_for(const std::shared_ptr<const N>& before) {
    if (before) return before->id;
    taken.push_back(slots.take());
    return taken.back();
  }
  void undo() {
    for (const SlotId id : taken) slots.give_back(id);
    taken.clear();
  }
};

}  // namespace

struct Compiler::Impl {
  ResourceSet resources;
  std::shared_ptr<const Compiled> compiled = std::make_shared<const Compiled>();
  std::uint64_t nodes_built = 0;

  std::tuple<Shelf<SecretNode>, Shelf<StoreNode>, Shelf<GatewayNode>, Shelf<ClientPolicyNode>,
             Shelf<LimitsNode>, Shelf<CostsNode>, Shelf<EndpointsNode>, Shelf<ListenerNode>,
             Shelf<CredentialNode>, Shelf<UpstreamNode>, Shelf<BackendNode>, Shelf<RouteNode>,
             Shelf<RuleNode>>
      shelves;
  std::tuple<Slotted<ListenerNode>, Slotted<RuleNode>, Slotted<BackendNode>, Slotted<UpstreamNode>,
             Slotted<CredentialNode>, Slotted<LimitsNode>, Slotted<CostsNode>>
      slotted;
  /// Who refers to a key, and to what a key refers.
  std::unordered_map<std::string, std::set<std::string>> dependents;
  std::unordered_map<std::string, std::vector<std::string>> references;

  // The update in progress.
  std::vector<std::set<std::string>> dirty{std::size(kKinds)};
  std::unordered_map<std::string, std::vector<std::string>> staged_references;
  std::vector<Refusal> refusals;
  std::string building;  // the key whose references are being resolved
  bool unresolved = false;

  template <typename N>
  Shelf<N>& shelf() {
    return std::get<Shelf<N>>(shelves);
  }

  void refuse(const std::string& key, std::string why) {
    refusals.push_back({key, std::move(why)});
  }

  void mark(const std::string& key) {
    const std::size_t rank = rank_of(kind_of(key));
    if (rank < dirty.size()) {
      dirty[rank].insert(key);
    } else {
      refuse(key, "unknown kind '" + std::string(kind_of(key)) + "'");
    }
  }

  template <typename N>
  std::shared_ptr<const N> resolve(const std::string& key) {
    staged_references[building].push_back(key);
    std::shared_ptr<const N> node = shelf<N>().find(key);
    if (!node) {
      unresolved = true;
      refuse(building, key.empty() ? "a needed reference is empty"
                                   : "refers to " + key + ", which does not exist");
    }
    return node;
  }
  template <typename N>
  std::shared_ptr<const N> resolve_optional(const std::string& key) {
    return key.empty() ? nullptr : resolve<N>(key);
  }
  template <typename N>
  SlotId resolve_id(const std::string& key) {
    const auto node = resolve<N>(key);
    return node ? node->id : SlotId{};
  }

  void fill(GatewayNode& node) { node.store = resolve_optional<StoreNode>(node.value.store_key); }
  void fill(StoreNode& node) {
    node.password = resolve_optional<SecretNode>(node.value.password_secret_key);
  }
  void fill(LimitsNode& /*node*/) {}
  void fill(CostsNode& node) {
    for (const Cost& cost : node.value.costs) {
      auto& expression = node.expressions.emplace_back();
      if (cost.type != CostType::kCel) continue;
      auto program = catalog::CostExpression::compile(cost.cel);
      if (program) {
        expression = *std::move(program);
        continue;
      }
      unresolved = true;
      refuse(building, "cost " + cost.key + ": " + program.error().detail);
    }
  }
  void fill(ClientPolicyNode& /*node*/) {}
  void fill(SecretNode& /*node*/) {}
  void fill(EndpointsNode& /*node*/) {}
  void fill(CredentialNode& node) {
    node.secret = resolve_optional<SecretNode>(node.value.secret_key);
  }
  void fill(UpstreamNode& node) {
    node.endpoints = resolve<EndpointsNode>(node.value.endpoints_key);
  }
  void fill(BackendNode& node) {
    node.schema = catalog::schema_from_name(node.value.schema);
    node.upstream = resolve_id<UpstreamNode>(node.value.upstream_key);
    if (!node.value.credential_key.empty()) {
      node.credential = resolve_id<CredentialNode>(node.value.credential_key);
    }
  }
  void fill(ListenerNode& node) {
    node.gateway = resolve<GatewayNode>(node.value.gateway_key);
    // Without a policy of its own a listener has the defaults.
    node.policy = node.value.client_policy_key.empty()
                      ? standard_policy()
                      : resolve<ClientPolicyNode>(node.value.client_policy_key);
  }
  void fill(RouteNode& node) {
    for (const Attachment& attachment : node.value.attachments) {
      node.listeners.push_back(resolve_id<ListenerNode>(attachment.listener_key));
    }
  }
  void fill(RuleNode& node);

  template <typename N>
  void build(const std::string& key);
  template <typename N>
  void build_kind(std::string_view kind);
  void build_dirty();
  void check_one_gateway();
  template <typename N>
  void reach_dependents(const std::string& key, bool gone);
  void commit_references(const std::string& key, bool gone);
  template <typename N>
  std::vector<NodeChange<N>> commit_shelf();
  template <typename N>
  std::vector<NodeChange<N>> commit_table(Table<N>& table);
  std::unique_ptr<Update> commit();
  void forget_update();
};

void Compiler::Impl::fill(RuleNode& node) {
  node.route = resolve<RouteNode>(node.value.route_key);
  for (const std::string& key : node.value.limits_keys) {
    node.limits.push_back(resolve_id<LimitsNode>(key));
  }
  if (!node.value.costs_key.empty()) node.costs = resolve_id<CostsNode>(node.value.costs_key);
  const std::vector<BackendRef>& refs = node.value.backends;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    node.backends.push_back(refs[i].unusable ? SlotId{}
                                             : resolve_id<BackendNode>(refs[i].backend_key));
    if (refs[i].weight > 0) node.shares.push_back(static_cast<std::uint32_t>(i));
  }
  std::sort(node.shares.begin(), node.shares.end(), [&refs](std::uint32_t a, std::uint32_t b) {
    return std::tie(refs[a].priority, a) < std::tie(refs[b].priority, b);
  });
  for (std::uint32_t i = 0; i < node.shares.size(); ++i) {
    const BackendRef& ref = refs[node.shares[i]];
    const bool new_group = i == 0 || refs[node.shares[i - 1]].priority != ref.priority;
    if (new_group) node.groups.push_back({i, 0, 0});
    ++node.groups.back().count;
    node.groups.back().total_weight += ref.weight;
  }
}

template <typename N>
void Compiler::Impl::build(const std::string& key) {
  using V = decltype(N::value);
  const Resource* resource = resources.find(key);
  if (resource == nullptr) {
    shelf<N>().staged[key] = nullptr;
    reach_dependents<N>(key, true);
    return;
  }
  ++nodes_built;
  auto value = decode(kind_of(key), resource->body);
  if (!value) return refuse(key, value.error().detail);
  auto node = std::make_shared<N>();
  node->key = key;
  node->value = std::get<V>(std::move(*value));
  if (std::string why = check(node->value); !why.empty()) return refuse(key, std::move(why));
  building = key;
  staged_references[key].clear();
  unresolved = false;
  fill(*node);
  if (unresolved) return;
  if constexpr (requires { node->id; }) {
    node->id = std::get<Slotted<N>>(slotted).id_for(shelf<N>().current(key));
  }
  shelf<N>().staged[key] = std::move(node);
  reach_dependents<N>(key, false);
}

template <typename N>
void Compiler::Impl::reach_dependents(const std::string& key, bool gone) {
  constexpr bool kReferredById = requires(N node) { node.id; };
  if (kReferredById && !gone) return;
  const auto found = dependents.find(key);
  if (found == dependents.end()) return;
  for (const std::string& dependent : found->second) mark(dependent);
}

template <typename N>
void Compiler::Impl::build_kind(std::string_view kind) {
  // Building marks keys of later kinds only, so the set does not change under the loop.
  for (const std::string& key : dirty[rank_of(kind)]) build<N>(key);
}

void Compiler::Impl::build_dirty() {
  build_kind<SecretNode>("secret");
  build_kind<StoreNode>("store");
  build_kind<GatewayNode>("gateway");
  build_kind<ClientPolicyNode>("client_policy");
  build_kind<LimitsNode>("limits");
  build_kind<CostsNode>("costs");
  build_kind<EndpointsNode>("endpoints");
  build_kind<ListenerNode>("listener");
  build_kind<CredentialNode>("credential");
  build_kind<UpstreamNode>("upstream");
  build_kind<BackendNode>("backend");
  build_kind<RouteNode>("route");
  build_kind<RuleNode>("rule");
  check_one_gateway();
}

void Compiler::Impl::check_one_gateway() {
  std::set<std::string> gateways;
  for (const auto& [key, node] : shelf<GatewayNode>().nodes) gateways.insert(key);
  for (const auto& [key, node] : shelf<GatewayNode>().staged) {
    if (node) {
      gateways.insert(key);
    } else {
      gateways.erase(key);
    }
  }
  if (gateways.size() > 1) refuse(*gateways.rbegin(), "a snapshot holds one gateway");
}

void Compiler::Impl::commit_references(const std::string& key, bool gone) {
  for (const std::string& target : references[key]) {
    const auto found = dependents.find(target);
    if (found == dependents.end()) continue;
    found->second.erase(key);
    if (found->second.empty()) dependents.erase(found);
  }
  if (gone) {
    references.erase(key);
    return;
  }
  std::vector<std::string>& now = references[key];
  now = std::move(staged_references[key]);
  for (const std::string& target : now) dependents[target].insert(key);
}

template <typename N>
std::vector<NodeChange<N>> Compiler::Impl::commit_shelf() {
  std::vector<NodeChange<N>> changes;
  Shelf<N>& of = shelf<N>();
  for (const auto& [key, node] : of.staged) {
    auto before = of.current(key);
    if (!before && !node) continue;
    commit_references(key, node == nullptr);
    changes.push_back({std::move(before), node});
  }
  of.commit();
  return changes;
}

template <typename N>
std::vector<NodeChange<N>> Compiler::Impl::commit_table(Table<N>& table) {
  std::vector<NodeChange<N>> changes = commit_shelf<N>();
  std::vector<typename Table<N>::Change> slots;
  for (const NodeChange<N>& change : changes) {
    const SlotId id = change.after ? change.after->id : change.before->id;
    slots.push_back({id, change.after});
    if (!change.after) std::get<Slotted<N>>(slotted).slots.give_back(id);
  }
  table = table.with(slots);
  return changes;
}

std::unique_ptr<Update> Compiler::Impl::commit() {
  auto next = std::make_shared<Compiled>(*compiled);
  auto update = std::make_unique<Update>();
  next->revision = resources.revision();
  commit_shelf<SecretNode>();
  commit_shelf<StoreNode>();
  commit_shelf<GatewayNode>();
  commit_shelf<ClientPolicyNode>();
  commit_shelf<EndpointsNode>();
  commit_shelf<RouteNode>();
  update->listeners = commit_table(next->listeners);
  update->upstreams = commit_table(next->upstreams);
  update->credentials = commit_table(next->credentials);
  update->limits = commit_table(next->limits);
  update->costs = commit_table(next->costs);
  commit_table(next->backends);
  update->rules = commit_table(next->rules);
  const auto& gateways = shelf<GatewayNode>().nodes;
  next->gateway = gateways.empty() ? nullptr : gateways.begin()->second;
  compiled = next;
  update->compiled = std::move(next);
  return update;
}

void Compiler::Impl::forget_update() {
  std::apply([](auto&... shelf) { (shelf.staged.clear(), ...); }, shelves);
  for (auto& keys : dirty) keys.clear();
  staged_references.clear();
  refusals.clear();
}

namespace {

/// What takes `set` back to where it is now, after `delta`.
Delta inverse(const ResourceSet& set, const Delta& delta) {
  Delta back;
  back.base = delta.revision;
  back.revision = set.revision();
  const auto remember = [&](const std::string& key) {
    const auto found = set.all().find(key);
    if (found != set.all().end()) back.puts.push_back(found->second);
    return found != set.all().end();
  };
  for (const auto& put : delta.puts) {
    if (!remember(put->key)) back.deletes.push_back(put->key);
  }
  for (const std::string& key : delta.deletes) remember(key);
  return back;
}

}  // namespace

Compiler::Compiler() : impl_(std::make_unique<Impl>()) {}
Compiler::~Compiler() = default;

Outcome Compiler::apply(const Delta& delta) {
  Outcome outcome;
  Impl& state = *impl_;
  for (const auto& put : delta.puts) {
    if (!is_valid_key(put->key)) outcome.refusals.push_back({put->key, "invalid key"});
  }
  if (!outcome.refusals.empty()) return outcome;
  for (const auto& put : delta.puts) {
    const Resource* old = state.resources.find(put->key);
    if (old == nullptr || old->hash != put->hash) state.mark(put->key);
  }
  for (const std::string& key : delta.deletes) {
    if (state.resources.find(key) != nullptr) state.mark(key);
  }
  const Delta back = inverse(state.resources, delta);
  const base::Status applied = snapshot::apply(state.resources, delta);
  if (!applied) {
    outcome.refusals.push_back({"", applied.error().detail});
    state.forget_update();
    return outcome;
  }
  state.build_dirty();
  if (state.refusals.empty()) {
    outcome.update = state.commit();
    std::apply([](auto&... kind) { (kind.taken.clear(), ...); }, state.slotted);
  } else {
    outcome.refusals = std::move(state.refusals);
    std::sort(outcome.refusals.begin(), outcome.refusals.end(),
              [](const Refusal& a, const Refusal& b) {
                return std::tie(a.key, a.why) < std::tie(b.key, b.why);
              });
    std::apply([](auto&... kind) { (kind.undo(), ...); }, state.slotted);
    const base::Status undone = snapshot::apply(state.resources, back);
    if (!undone) outcome.refusals.push_back({"", undone.error().detail});
  }
  state.forget_update();
  return outcome;
}

const ResourceSet& Compiler::resources() const {
  return impl_->resources;
}
const std::shared_ptr<const Compiled>& Compiler::compiled() const {
  return impl_->compiled;
}
std::uint64_t Compiler::nodes_built() const {
  return impl_->nodes_built;
}

}  // namespace tollgate::dataplane::snapshot
