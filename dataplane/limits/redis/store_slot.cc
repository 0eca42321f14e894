#include "dataplane/limits/redis/store_slot.h"

#include <utility>

namespace tollgate::dataplane::limits::redis {

StoreSlot::StoreSlot(net::dial::Connector& connector, telemetry::Sink& sink, Gate& gate,
                     std::string sender)
    : connector_(connector), sink_(sink), gate_(gate), sender_(std::move(sender)) {}

StoreSlot::~StoreSlot() {
  gate_.store = nullptr;
}

void StoreSlot::use(StoreOptions options) {
  retire();
  if (options.access.servers.empty()) {
    gate_.store = &no_store_;
    return;
  }
  options.sender = sender_;
  store_ = std::make_unique<RedisStore>(connector_, sink_, std::move(options),
                                        std::exchange(backlog_, {}));
  gate_.store = store_.get();
}

void StoreSlot::clear() {
  retire();
}

void StoreSlot::retire() {
  gate_.store = nullptr;
  if (!store_) return;
  backlog_ = store_->release_backlog();
  // Never ended here: one of its own waiters may be what leads to this call.
  retired_.push_back(std::move(store_));
  connector_.io().loop.arm(sweep_, kSweepPause);
}

void StoreSlot::on_sweep() {
  std::erase_if(retired_, [](const auto& store) { return store->idle(); });
  if (!retired_.empty()) connector_.io().loop.arm(sweep_, kSweepPause);
}

}  // namespace tollgate::dataplane::limits::redis
