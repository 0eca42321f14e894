#include "dataplane/upstream/pool_set.h"

#include <map>
#include <utility>
#include <vector>

#include "dataplane/base/text.h"
#include "dataplane/upstream/endpoint_pool.h"

namespace tollgate::dataplane::upstream {

namespace {

struct Key {
  std::string host;
  std::uint16_t port = 0;
  base::Hash128 tls;  // zero: plain TCP

  friend auto operator<=>(const Key&, const Key&) = default;
};

void add(PoolStats& sum, const PoolStats& part) {
  sum.connects += part.connects;
  sum.connect_failures += part.connect_failures;
  sum.reuses += part.reuses;
  sum.idle_closed += part.idle_closed;
  sum.expired += part.expired;
  sum.overflows += part.overflows;
  sum.open += part.open;
  sum.idle += part.idle;
  sum.connecting += part.connecting;
  sum.waiting += part.waiting;
}

/// What the users of a pool hold together; when the last lets go the pool drains.
struct Ticket {
  explicit Ticket(std::shared_ptr<EndpointPool> pool_in) : pool(std::move(pool_in)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() { pool->set_in_use(false); }
  std::shared_ptr<EndpointPool> pool;
};

struct Member {
  std::shared_ptr<EndpointPool> pool;
  std::weak_ptr<Ticket> ticket;
};

}  // namespace

class PoolSet::Impl final : public PoolOwner, public std::enable_shared_from_this<PoolSet::Impl> {
 public:
  Impl(net::dial::Connector& connector, net::tls::ClientContexts& contexts)
      : connector_(connector), contexts_(contexts) {}

  base::Result<std::shared_ptr<Pool>> get(const Endpoint& endpoint, const PoolLimits& limits) {
    Key key{base::to_lower(endpoint.host), endpoint.port, {}};
    if (endpoint.tls != nullptr) key.tls = endpoint.tls->id();
    auto found = members_.find(key);
    if (found == members_.end()) {
      net::dial::Target target{key.host, key.port, nullptr};
      if (endpoint.tls != nullptr) {
        TRY_ASSIGN(target.tls, contexts_.get(*endpoint.tls));
      }
      Member member;
      member.pool =
          std::make_shared<EndpointPool>(connector_, std::move(target), limits, weak_from_this());
      keys_[member.pool.get()] = key;
      found = members_.emplace(std::move(key), std::move(member)).first;
    }
    Member& member = found->second;
    std::shared_ptr<Ticket> ticket = member.ticket.lock();
    if (ticket == nullptr) {
      ticket = std::make_shared<Ticket>(member.pool);
      member.ticket = ticket;
      member.pool->set_in_use(true);
    }
    member.pool->set_limits(limits);
    return std::shared_ptr<Pool>(ticket, ticket->pool.get());
  }

  void on_pool_empty(EndpointPool& pool) override {
    const auto found = keys_.find(&pool);
    if (found == keys_.end()) return;
    add(gone_, pool.stats());
    // The pool is on the stack: it dies when the loop has come back.
    connector_.io().loop.defer_delete(std::make_unique<Grave>(members_.at(found->second).pool));
    members_.erase(found->second);
    keys_.erase(found);
  }

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] PoolStats total() const {
    PoolStats sum = gone_;
    for (const auto& [key, member] : members_) add(sum, member.pool->stats());
    return sum;
  }
  void for_each(const std::function<void(const Pool&)>& visit) const {
    for (const auto& [key, member] : members_) visit(*member.pool);
  }

 private:
  struct Grave final : event::Deferred {
    explicit Grave(std::shared_ptr<EndpointPool> pool_in) : pool(std::move(pool_in)) {}
    std::shared_ptr<EndpointPool> pool;
  };

  net::dial::Connector& connector_;
  net::tls::ClientContexts& contexts_;
  std::map<Key, Member> members_;
  std::map<const EndpointPool*, Key> keys_;
  PoolStats gone_;
};

PoolSet::PoolSet(net::dial::Connector& connector, net::tls::ClientContexts& contexts)
    : impl_(std::make_shared<Impl>(connector, contexts)) {}
PoolSet::~PoolSet() = default;

base::Result<std::shared_ptr<Pool>> PoolSet::get(const Endpoint& endpoint,
                                                 const PoolLimits& limits) {
  return impl_->get(endpoint, limits);
}
std::size_t PoolSet::size() const {
  return impl_->size();
}
PoolStats PoolSet::total() const {
  return impl_->total();
}
void PoolSet::for_each(const std::function<void(const Pool&)>& visit) const {
  impl_->for_each(visit);
}

}  // namespace tollgate::dataplane::upstream
