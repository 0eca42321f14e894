#include "controller/kube/cache/informer.h"

#include <algorithm>
#include <set>
#include <utility>

#include "controller/kube/cache/reflector.h"
#include "dataplane/base/log.h"

namespace tollgate::controller::kube::cache {

const char* to_string(InformerState state) {
  switch (state) {
    case InformerState::kStarting:
      return "starting";
    case InformerState::kSynced:
      return "synced";
    case InformerState::kAbsent:
      return "absent";
  }
  return "starting";
}

struct Informer::Impl {
  Impl(Api& where, Executor& runs, Discovery& kinds, InformerOptions opts, OnChange changes,
       OnState states)
      : api(where),
        executor(runs),
        discovery(kinds),
        options(std::move(opts)),
        on_change(std::move(changes)),
        on_state(std::move(states)),
        confirm_timer(runs) {}
  ~Impl() {
    if (missing) discovery.add_missing(-1);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Api& api;
  Executor& executor;
  Discovery& discovery;
  const InformerOptions options;
  const OnChange on_change;
  const OnState on_state;

  InformerState state = InformerState::kStarting;
  std::optional<ResourceType> type;
  std::optional<ApiError> no_error;
  Discovery::Subscription subscription;
  std::vector<std::unique_ptr<Reflector>> reflectors;  // one per namespace; empty while absent
  InformerStats past;                                  // of reflectors that ended
  bool missing = false;                                // discovery was told so
  std::set<std::size_t> not_found;                     // reflectors that got 404
  std::uint64_t absent_read = 0;  // the discovery read that lacked the kind first, 0: none
  Timer confirm_timer;

  void set_state(InformerState to) {
    if (state == to) return;
    state = to;
    if (on_state) on_state(to);
  }

  void set_missing(bool is) {
    if (missing == is) return;
    missing = is;
    discovery.add_missing(is ? 1 : -1);
  }

  void look() {
    if (!discovery.ready()) return;
    const ServedResource* served =
        discovery.served().find(options.group, options.kind, options.versions);
    if (reflectors.empty()) {
      if (served != nullptr) return begin(served->type);
      set_missing(true);
      set_state(InformerState::kAbsent);
      return;
    }
    if (not_found.empty()) return;  // a running watch knows better than a document
    if (served != nullptr && served->type == *type) return resume();
    confirm_absence();
  }

  void begin(const ResourceType& served) {
    type = served;
    set_missing(false);
    std::vector<std::string> namespaces = options.namespaces;
    if (namespaces.empty() || !served.namespaced) namespaces = {""};
    for (std::size_t i = 0; i < namespaces.size(); ++i) {
      Reflector::Callbacks callbacks;
      callbacks.on_change = on_change;
      callbacks.on_synced = [this] { shard_synced(); };
      callbacks.on_not_found = [this, i] { shard_not_found(i); };
      reflectors.push_back(std::make_unique<Reflector>(api, executor, served, namespaces[i],
                                                       options, std::move(callbacks)));
    }
    for (const auto& reflector : reflectors) reflector->start();
  }

  void shard_synced() {
    const bool all = std::all_of(reflectors.begin(), reflectors.end(),
                                 [](const auto& reflector) { return reflector->synced(); });
    if (all) set_state(InformerState::kSynced);
  }

  void shard_not_found(std::size_t index) {
    not_found.insert(index);
    discovery.refresh();
  }

  void resume() {
    absent_read = 0;
    confirm_timer.stop();
    for (const std::size_t index : not_found) reflectors[index]->start_later();
    not_found.clear();
  }

  /// 404 and one document that lacks the kind may be a server that is just starting.
  void confirm_absence() {
    if (absent_read == 0) {
      absent_read = discovery.reads();
      confirm_timer.start(options.confirm_delay, [this] { discovery.refresh(); });
      return;
    }
    if (confirm_timer.running() || discovery.reads() == absent_read) return;
    dataplane::base::log::info("a kind is not served any more",
                               {{"kind", options.kind}, {"group", options.group}});
    absent_read = 0;
    not_found.clear();
    auto ended = std::move(reflectors);
    reflectors.clear();
    for (const auto& reflector : ended) {
      reflector->withdraw_all();
      add(past, reflector->stats());
    }
    type.reset();
    set_missing(true);
    set_state(InformerState::kAbsent);
  }

  static void add(InformerStats& sum, const InformerStats& part) {
    sum.lists += part.lists;
    sum.watches += part.watches;
    sum.events += part.events;
    sum.errors += part.errors;
    sum.confirmations += part.confirmations;
    sum.withheld += part.withheld;
  }
};

Informer::Informer(Api& api, Executor& executor, Discovery& discovery, InformerOptions options,
                   OnChange on_change, OnState on_state)
    : impl_(std::make_unique<Impl>(api, executor, discovery, std::move(options),
                                   std::move(on_change), std::move(on_state))) {}

Informer::~Informer() = default;

void Informer::start() {
  if (impl_->subscription != nullptr) return;
  impl_->subscription = impl_->discovery.subscribe([impl = impl_.get()] { impl->look(); });
  impl_->look();
}

InformerState Informer::state() const {
  return impl_->state;
}

const std::optional<ResourceType>& Informer::type() const {
  return impl_->type;
}

InformerStats Informer::stats() const {
  InformerStats sum = impl_->past;
  for (const auto& reflector : impl_->reflectors) Impl::add(sum, reflector->stats());
  return sum;
}

const std::optional<ApiError>& Informer::last_error() const {
  for (const auto& reflector : impl_->reflectors) {
    if (reflector->last_error()) return reflector->last_error();
  }
  return impl_->no_error;
}

}  // namespace tollgate::controller::kube::cache
