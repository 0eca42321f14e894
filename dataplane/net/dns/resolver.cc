#include "dataplane/net/dns/resolver.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/net/dns/cache.h"
#include "dataplane/net/dns/channel.h"
#include "dataplane/net/dns/hosts_file.h"
#include "dataplane/net/dns/question.h"

namespace tollgate::dataplane::net::dns {

namespace {

base::Error error_of(base::Code code, bool retryable, std::string_view name, std::string_view why) {
  return base::backend_error(code, retryable,
                             "look-up of " + std::string(name) + ": " + std::string(why));
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63 (RFC 1035 section 2.3.4).
bool is_host_name(std::string_view name) {
  constexpr std::size_t kMaxName = 253;
  constexpr std::size_t kMaxLabel = 63;
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxName) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!good || ++label > kMaxLabel) return false;
  }
  return label > 0;
}

base::Error negative(const std::string& name, const Question& question) {
  bool no_name = false;
  for (const auto& answer : {question.v6(), question.v4()}) {
    if (!answer) continue;
    no_name = answer->kind == AnswerKind::kNoName;
    if (answer->kind == AnswerKind::kTimeout) {
      return error_of(base::Code::kTimeout, true, name, answer->detail);
    }
    if (answer->kind == AnswerKind::kFailure || answer->kind == AnswerKind::kAbandoned) {
      return error_of(base::Code::kUnavailable, true, name, answer->detail);
    }
  }
  return error_of(base::Code::kNotFound, false, name,
                  no_name ? "there is no such name" : "it has no address");
}

}  // namespace

// --- Lookup ---

/// Waits in a question's list, or in the list of those whose answer is ready.
class Lookup::State : public event::ListNode {
 public:
  ResolveCallback callback;
  std::uint16_t port = 0;
  base::Result<std::vector<Address>> result;  // once it is ready
};

Lookup::Lookup() = default;
Lookup::Lookup(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lookup::Lookup(Lookup&& other) noexcept = default;
Lookup& Lookup::operator=(Lookup&& other) noexcept = default;
Lookup::~Lookup() = default;
bool Lookup::pending() const {
  return state_ != nullptr && state_->linked();
}
void Lookup::cancel() {
  state_.reset();
}

// --- Resolver::Impl ---

class Resolver::Impl final : public QuestionOwner {
 public:
  Impl(event::Loop& loop, ResolverOptions options, std::unique_ptr<Channel> channel)
      : loop_(loop),
        options_(std::move(options)),
        channel_(std::move(channel)),
        hosts_(options_.hosts_file),
        cache_(options_.max_entries),
        deliver_job_(event::Job::of<&Impl::deliver>(*this)) {}
  ~Impl() { cache_.clear(); }

  Lookup resolve(std::string_view host, std::uint16_t port, ResolveCallback callback);
  [[nodiscard]] const ResolverStats& stats() const { return stats_; }

 private:
  void answer(Lookup::State& state, base::Result<std::vector<Address>> result);
  /// True if the answer is known without asking anybody.
  bool answer_at_once(std::string_view host, Lookup::State& state);
  bool answer_from(Entry& entry, Lookup::State& state);
  void ask(Entry& entry);
  void store(Entry& entry, const Question& question);
  void answer_waiting(Entry& entry);
  void on_enough(Question& question) override;
  void on_finished(Question& question) override;
  void deliver();

  event::Loop& loop_;
  ResolverOptions options_;
  std::unique_ptr<Channel> channel_;
  HostsFile hosts_;
  Cache cache_;
  ResolverStats stats_;
  std::size_t in_flight_ = 0;
  event::ListNode ready_;
  event::Job deliver_job_;
};

Lookup Resolver::Impl::resolve(std::string_view host, std::uint16_t port,
                               ResolveCallback callback) {
  ++stats_.lookups;
  auto state = std::make_unique<Lookup::State>();
  state->callback = std::move(callback);
  state->port = port;
  if (answer_at_once(host, *state)) return Lookup(std::move(state));
  const std::string name = base::to_lower(host);
  if (!is_host_name(name)) {
    answer(*state, error_of(base::Code::kInvalidArgument, false, name, "not a host name"));
    return Lookup(std::move(state));
  }
  Entry& entry = cache_.use(name);
  if (answer_from(entry, *state)) return Lookup(std::move(state));
  if (entry.question != nullptr) {
    ++stats_.coalesced;
    if (entry.question->enough()) {
      answer(*state, entry.ordered(port));
      return Lookup(std::move(state));
    }
  } else if (in_flight_ >= options_.max_pending) {
    answer(*state, error_of(base::Code::kLimitExceeded, true, name, "too many look-ups in flight"));
    return Lookup(std::move(state));
  } else {
    ask(entry);
  }
  entry.question->waiting().push_back(*state);
  return Lookup(std::move(state));
}

bool Resolver::Impl::answer_at_once(std::string_view host, Lookup::State& state) {
  const Address* target =
      options_.overrides == nullptr ? nullptr : options_.overrides->find(host, state.port);
  if (target != nullptr) {
    answer(state, std::vector<Address>{*target});
    return true;
  }
  if (const auto literal = parse_ip(host, state.port)) {
    answer(state, std::vector<Address>{*literal});
    return true;
  }
  std::vector<Address> known = hosts_.find(base::to_lower(host), loop_.now());
  if (known.empty()) return false;
  for (Address& address : known) address.port = state.port;
  answer(state, std::move(known));
  return true;
}

bool Resolver::Impl::answer_from(Entry& entry, Lookup::State& state) {
  if (loop_.now() >= entry.expires) return false;
  ++stats_.hits;
  if (entry.error) {
    answer(state, *entry.error);
    return true;
  }
  answer(state, entry.ordered(state.port));
  if (loop_.now() >= entry.refresh_at && entry.question == nullptr &&
      in_flight_ < options_.max_pending) {
    ++stats_.refreshes;
    ask(entry);
  }
  return true;
}

void Resolver::Impl::ask(Entry& entry) {
  ++in_flight_;
  entry.question = std::make_unique<Question>(loop_, *this, entry.name);
  entry.question->ask(*channel_, options_);
}

void Resolver::Impl::answer(Lookup::State& state, base::Result<std::vector<Address>> result) {
  state.unlink();
  state.result = std::move(result);
  ready_.push_back(state);
  loop_.run_soon(deliver_job_);
}

void Resolver::Impl::deliver() {
  while (ready_.linked()) {
    auto& state = static_cast<Lookup::State&>(*ready_.next());
    state.unlink();
    // The callback may destroy the state.
    const ResolveCallback callback = std::move(state.callback);
    base::Result<std::vector<Address>> result = std::move(state.result);
    callback(std::move(result));
  }
}

/// Takes what the question has learned into the entry.
void Resolver::Impl::store(Entry& entry, const Question& question) {
  std::chrono::seconds ttl = options_.max_ttl;
  std::vector<Address> v4;
  std::vector<Address> v6;
  const auto take = [&](const std::optional<Answer>& answer, std::vector<Address>& addresses) {
    if (!answer || answer->kind != AnswerKind::kAddresses) return;
    ttl = std::min(ttl, answer->ttl);
    addresses = answer->addresses;
    if (addresses.size() > options_.max_addresses) addresses.resize(options_.max_addresses);
  };
  take(question.v4(), v4);
  take(question.v6(), v6);
  const auto now = loop_.now();
  if (!v4.empty() || !v6.empty()) {
    entry.v4 = std::move(v4);
    entry.v6 = std::move(v6);
    entry.error.reset();
    entry.expires = now + ttl;
    entry.refresh_at = entry.expires - ttl / 5;
    entry.stale_until = entry.expires + options_.stale_limit;
    return;
  }
  ++stats_.failures;
  base::Error error = negative(entry.name, question);
  if (error.code != base::Code::kNotFound) {
    entry.expires = now + options_.failure_ttl;
    entry.refresh_at = entry.expires;
    if (entry.has_addresses() && now < entry.stale_until) {
      ++stats_.stale;
      entry.error.reset();
      return;
    }
  } else {
    entry.expires = now + options_.negative_ttl;
  }
  entry.v4.clear();
  entry.v6.clear();
  entry.error = std::move(error);
}

void Resolver::Impl::answer_waiting(Entry& entry) {
  event::ListNode& waiting = entry.question->waiting();
  while (waiting.linked()) {
    auto& state = static_cast<Lookup::State&>(*waiting.next());
    if (entry.error) {
      answer(state, *entry.error);
    } else {
      answer(state, entry.ordered(state.port));
    }
  }
}

void Resolver::Impl::on_enough(Question& question) {
  Entry& entry = cache_.use(question.name());
  store(entry, question);
  answer_waiting(entry);
}

void Resolver::Impl::on_finished(Question& question) {
  Entry& entry = cache_.use(question.name());
  store(entry, question);
  answer_waiting(entry);
  --in_flight_;
  entry.question.reset();
}

// --- Resolver ---

base::Result<std::unique_ptr<Resolver>> Resolver::create(event::Loop& loop,
                                                         ResolverOptions options) {
  TRY_ASSIGN(auto channel, Channel::create(loop, options));
  return std::make_unique<Resolver>(
      std::make_unique<Impl>(loop, std::move(options), std::move(channel)));
}

Resolver::Resolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Resolver::~Resolver() = default;

Lookup Resolver::resolve(std::string_view host, std::uint16_t port, ResolveCallback callback) {
  return impl_->resolve(host, port, std::move(callback));
}

const ResolverStats& Resolver::stats() const {
  return impl_->stats();
}

}  // namespace tollgate::dataplane::net::dns
