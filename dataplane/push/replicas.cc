#include "dataplane/push/replicas.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "dataplane/base/log.h"
#include "dataplane/event/loop.h"

namespace tollgate::dataplane::push {

namespace log = base::log;

class Replicas::Impl final : public PushReceiver {
 public:
  Impl(net::dial::Connector& connector, net::dns::Resolver& resolver, PushReceiver& receiver,
       PushClientOptions options)
      : connector_(connector),
        loop_(connector.io().loop),
        resolver_(resolver),
        receiver_(receiver),
        options_(std::move(options)) {}

  void look_up();
  void report_soon();
  [[nodiscard]] std::size_t connected() const;

  std::string held_revision() override { return receiver_.held_revision(); }
  Report report() override;
  void on_push(snapshot::Delta delta, std::function<void(PushOutcome)> done) override;

 private:
  struct Peer {
    std::unique_ptr<PushClient> client;
    bool listed = true;  // the name has the address still
  };

  void on_addresses(const base::Result<std::vector<net::Address>>& found);
  void add(const net::Address& address);
  void on_change();
  void tidy();
  void elect();
  [[nodiscard]] PushClient* best() const;
  void note(const std::string& revision, const PushOutcome& outcome);

  net::dial::Connector& connector_;
  event::Loop& loop_;
  net::dns::Resolver& resolver_;
  PushReceiver& receiver_;
  PushClientOptions options_;
  net::dns::Lookup lookup_;
  std::map<net::Address, Peer> peers_;
  PushClient* source_ = nullptr;  // whose pushes are taken
  bool applying_ = false;
  std::size_t connected_before_ = 0;
  std::string refused_revision_;
  std::vector<Problem> problems_;
  std::chrono::milliseconds retry_delay_{PushClient::kFirstRetry};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  event::Timer next_lookup_ = event::Timer::of<&Impl::look_up>(*this);
  event::Timer tidy_ = event::Timer::of<&Impl::tidy>(*this);
};

void Replicas::Impl::look_up() {
  lookup_ = resolver_.resolve(options_.host, options_.port,
                              [this](const auto& found) { on_addresses(found); });
}

void Replicas::Impl::on_addresses(const base::Result<std::vector<net::Address>>& found) {
  if (!found) {
    // What is known goes on: names fail more often than controllers.
    if (peers_.empty()) {
      log::warn("push channel: the controller's name has no address",
                {{"controller", options_.host}, {"why", found.error().detail}});
    }
    loop_.arm(next_lookup_, peers_.empty() ? retry_delay_ : kLookupInterval);
    retry_delay_ = std::min(retry_delay_ * 2, PushClient::kLongestRetry);
    return;
  }
  retry_delay_ = PushClient::kFirstRetry;
  loop_.arm(next_lookup_, kLookupInterval);
  std::set<net::Address> addresses(found->begin(), found->end());
  for (auto& [address, peer] : peers_) peer.listed = addresses.contains(address);
  tidy();
  for (const net::Address& address : addresses) {
    if (peers_.size() < kReplicaLimit && !peers_.contains(address)) add(address);
  }
}

void Replicas::Impl::add(const net::Address& address) {
  PushClientOptions options = options_;
  options.host = address.ip_string();
  options.source = false;
  options.on_change = [this] { on_change(); };
  Peer& peer = peers_[address];
  peer.client = std::make_unique<PushClient>(connector_, *this, std::move(options));
  peer.client->start();
}

void Replicas::Impl::on_change() {
  elect();
  const std::size_t now = connected();
  const bool lost = now < std::exchange(connected_before_, now);
  if (!lost) return;
  // Its address may be gone too. The client is not deleted inside of its own call.
  loop_.arm(tidy_, std::chrono::milliseconds(0));
  loop_.arm(next_lookup_, PushClient::kFirstRetry);
}

/// Ends clients whose address the name has no more, once their connection is over.
void Replicas::Impl::tidy() {
  std::erase_if(peers_, [this](const auto& entry) {
    const Peer& peer = entry.second;
    if (peer.listed || peer.client->connected()) return false;
    if (source_ == peer.client.get()) source_ = nullptr;
    return true;
  });
}

PushClient* Replicas::Impl::best() const {
  PushClient* first = nullptr;
  for (const auto& [address, peer] : peers_) {
    if (!peer.client->connected()) continue;
    if (peer.client->leads()) return peer.client.get();
    if (first == nullptr || peer.client.get() == source_) first = peer.client.get();
  }
  return first;
}

/// Not while a push is applied: what comes from the next one builds on its outcome.
void Replicas::Impl::elect() {
  if (applying_) return;
  PushClient* wanted = best();
  if (wanted == nullptr || wanted == source_) return;
  if (source_ != nullptr) source_->set_source(false);
  source_ = wanted;
  source_->set_source(true);
}

void Replicas::Impl::report_soon() {
  for (const auto& [address, peer] : peers_) peer.client->report_soon();
}

std::size_t Replicas::Impl::connected() const {
  return static_cast<std::size_t>(
      std::count_if(peers_.begin(), peers_.end(),
                    [](const auto& entry) { return entry.second.client->connected(); }));
}

Report Replicas::Impl::report() {
  Report report = receiver_.report();
  report.refused_revision = refused_revision_;
  report.problems = problems_;
  return report;
}

void Replicas::Impl::note(const std::string& revision, const PushOutcome& outcome) {
  if (outcome.kind == PushOutcome::Kind::kMismatch) return;
  const bool refused = outcome.kind == PushOutcome::Kind::kRefused;
  refused_revision_ = refused ? revision : std::string();
  problems_ = refused ? outcome.problems : std::vector<Problem>();
}

void Replicas::Impl::on_push(snapshot::Delta delta, std::function<void(PushOutcome)> done) {
  // Pushed twice, where this replica was left and followed again meanwhile.
  if (delta.revision == receiver_.held_revision()) return done({});
  applying_ = true;
  const std::string revision = delta.revision;
  receiver_.on_push(std::move(delta), [this, alive = std::weak_ptr<bool>(alive_), revision,
                                       done = std::move(done)](const PushOutcome& outcome) {
    if (alive.expired()) return;
    applying_ = false;
    note(revision, outcome);
    done(outcome);
    for (const auto& [address, peer] : peers_) {
      if (peer.client.get() != source_) peer.client->report_soon();
    }
    elect();
  });
}

Replicas::Replicas(net::dial::Connector& connector, net::dns::Resolver& resolver,
                   PushReceiver& receiver, PushClientOptions options)
    : impl_(std::make_unique<Impl>(connector, resolver, receiver, std::move(options))) {}
Replicas::~Replicas() = default;

void Replicas::start() {
  impl_->look_up();
}
void Replicas::report_soon() {
  impl_->report_soon();
}
std::size_t Replicas::connected() const {
  return impl_->connected();
}

}  // namespace tollgate::dataplane::push
