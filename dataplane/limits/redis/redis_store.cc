#include "dataplane/limits/redis/redis_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/limits/redis/script.h"
#include "dataplane/limits/table.h"

namespace tollgate::dataplane::limits::redis {

namespace {

constexpr std::string_view kPrefix = "tollgate:{";

std::string_view operation(bool check) {
  return check ? "check" : "charge";
}

/// Errors of a server that another one, or the same one later, would not make. The command changed
/// nothing.
bool is_passing(std::string_view code) {
  constexpr std::array<std::string_view, 8> kCodes{
      "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "BUSY", "MISCONF"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

/// Errors after which another server is looked for, because this one is not, or no more, the one
/// that may be written to.
bool is_wrong_server(std::string_view code) {
  constexpr std::array<std::string_view, 6> kCodes{"READONLY", "MASTERDOWN", "CLUSTERDOWN",
                                                   "MOVED",    "NOAUTH",     "LOADING"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

}  // namespace

RedisStore::RedisStore(net::dial::Connector& connector, telemetry::Sink& sink, StoreOptions options,
                       Backlog backlog)
    : loop_(connector.io().loop),
      sink_(sink),
      options_(std::move(options)),
      backlog_(std::move(backlog)),
      link_(connector, options_.access, *this) {}

RedisStore::~RedisStore() = default;

std::uint64_t RedisStore::now_s() const {
  return unix_seconds(loop_.wall_now());
}

// --- commands ----------------------------------------------------------------------------------

void RedisStore::append_key(std::string& out, const StoreCount& count) const {
  out = kPrefix;
  out += options_.gateway;
  out += "}:";
  out += base::to_hex(count.key);
  out += ':';
  out += std::to_string(count.window.end_s);
}

RedisStore::Pending RedisStore::make(Kind kind, std::span<const StoreCount> counts,
                                     std::uint64_t charge, std::uint64_t now) const {
  Pending pending;
  pending.kind = kind;
  pending.charge = charge;
  pending.sent_at = loop_.now();
  const std::size_t keys = counts.size() + (charge > 0 ? 1 : 0);
  pending.argument_count = 1 + keys + 1 + 2 * counts.size();
  // The header of this piece is the command's, written in `send`: it appends arguments only.
  std::string& out = pending.arguments;
  Command arguments = Command::continued(out);
  arguments.add(std::uint64_t{keys});
  std::string key;
  for (const StoreCount& count : counts) {
    append_key(key, count);
    arguments.add(key);
  }
  if (charge > 0) {
    key = kPrefix;
    key += options_.gateway;
    key += "}:sender:";
    key += options_.sender;
    arguments.add(key);
  }
  arguments.add(charge);
  for (const StoreCount& count : counts) {
    arguments.add(std::min(count.amount, Table::kMaxCount));
    arguments.add(seconds_left(count.window, now) + kKeepS);
  }
  return pending;
}

void RedisStore::send(Pending pending) {
  std::string text;
  Command command(text, 2 + pending.argument_count);
  if (pending.whole_script) {
    command.add("EVAL").add(script_text());
  } else {
    command.add("EVALSHA").add(script_id());
  }
  text += pending.arguments;
  pending_.push_back(std::move(pending));
  link_.send(text);
}

bool RedisStore::check(std::span<StoreCount> counts, CheckWaiter& waiter, std::uint64_t now) {
  if (!healthy_ || pending_.size() >= kMaxOutstanding) {
    tell(Kind::kCheck, loop_.now(), healthy_ ? "too_many" : "gone");
    return false;
  }
  Pending pending = make(Kind::kCheck, counts, 0, now);
  pending.waiter = &waiter;
  pending.counts = counts;
  ++checks_waiting_;
  send(std::move(pending));
  watch();
  return true;
}

void RedisStore::cancel(CheckWaiter& waiter) {
  for (Pending& pending : pending_) {
    if (pending.waiter != &waiter) continue;
    pending.waiter = nullptr;
    --checks_waiting_;
  }
}

void RedisStore::charge(std::span<const StoreCount> counts, std::uint64_t /*now*/) {
  if (backlog_.charges.size() >= kMaxCharges) {
    tell(Kind::kCharge, loop_.now(), "lost");
    return;
  }
  backlog_.charges.push_back({++backlog_.last_number, {counts.begin(), counts.end()}, false});
  send_charges();
}

/// What is under way may still arrive: the journal then knows it when the successor sends it again.
Backlog RedisStore::release_backlog() {
  return std::exchange(backlog_, {});
}

/// Sends what was not sent on this connection. A charge whose window has ended matters no more.
void RedisStore::send_charges() {
  if (!link_.up() || !healthy_) return;
  const std::uint64_t now = now_s();
  const auto ended = [now](const StoreCount& count) { return count.window.end_s <= now; };
  // What was not sent lies behind what was.
  auto first = backlog_.charges.end();
  while (first != backlog_.charges.begin() && !std::prev(first)->sent) --first;
  for (auto charge = first; charge != backlog_.charges.end();) {
    if (pending_.size() >= kMaxOutstanding) break;
    std::vector<StoreCount>& counts = charge->counts;
    counts.erase(std::remove_if(counts.begin(), counts.end(), ended), counts.end());
    if (counts.empty()) {
      charge = backlog_.charges.erase(charge);
      continue;
    }
    charge->sent = true;
    send(make(Kind::kCharge, counts, charge->number, now));
    ++charge;
  }
  watch();
}

void RedisStore::send_probe() {
  if (!link_.up() || probing_) return;
  probing_ = true;
  const StoreCount probe{{}, window_at(now_s(), 1), 1, 0};
  Pending pending = make(Kind::kProbe, {&probe, 1}, 0, now_s());
  // Whole, so that the server knows the script from the first probe on.
  pending.whole_script = true;
  send(std::move(pending));
  watch();
}

// --- the connection ----------------------------------------------------------------------------

void RedisStore::on_link_up() {
  for (Charge& charge : backlog_.charges) charge.sent = false;
  send_probe();
}

void RedisStore::on_link_down() {
  healthy_ = false;
  probing_ = false;
  probe_.cancel();
  deadline_.cancel();
  end_checks("gone", base::MonotonicTime::max());
  pending_.clear();
}

/// Ends the checks that were sent up to then. A waiter may destroy others, so each one is looked
/// for anew.
void RedisStore::end_checks(std::string_view error, base::MonotonicTime sent_until) {
  for (;;) {
    const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) {
      return pending.waiter != nullptr && pending.sent_at <= sent_until;
    });
    if (found == pending_.end()) return;
    lose_health();
    end_check(*found, error);
  }
}

void RedisStore::lose_health() {
  healthy_ = false;
  if (link_.up() && !probing_ && !probe_.armed()) loop_.arm(probe_, kProbePause);
}

/// One timer for all: commands are answered in order, and all checks have the same time.
void RedisStore::watch() {
  if (pending_.empty()) return deadline_.cancel();
  base::MonotonicTime next = pending_.front().sent_at + kStall;
  if (checks_waiting_ > 0) {
    for (const Pending& pending : pending_) {
      if (pending.waiter == nullptr) continue;
      next = std::min(next, pending.sent_at + options_.timeout);
      break;
    }
  }
  loop_.arm_at(deadline_, next);
}

void RedisStore::on_deadline() {
  if (pending_.empty()) return;
  const base::MonotonicTime now = loop_.now();
  if (now - pending_.front().sent_at >= kStall) {
    tell(pending_.front().kind, pending_.front().sent_at, "stalled");
    return link_.drop("it has stopped answering");
  }
  end_checks("timeout", now - options_.timeout);
  watch();
}

// --- answers -----------------------------------------------------------------------------------

void RedisStore::tell(Kind kind, base::MonotonicTime since, std::string_view error) {
  if (kind == Kind::kProbe) return;
  sink_.on_store_call({operation(kind == Kind::kCheck), loop_.now() - since, error});
}

void RedisStore::end_check(Pending& pending, std::string_view error) {
  CheckWaiter* const waiter = std::exchange(pending.waiter, nullptr);
  if (waiter == nullptr) return;
  --checks_waiting_;
  tell(Kind::kCheck, pending.sent_at, error);
  waiter->on_checked(error.empty());
}

void RedisStore::on_reply(Reply& reply) {
  if (pending_.empty()) return link_.drop("it answers what was not asked");
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  if (pending.kind == Kind::kProbe) probing_ = false;
  if (reply.type == Reply::Type::kError) {
    take_error(pending, reply);
  } else if (pending.kind == Kind::kCharge) {
    take_charge(pending, reply);
  } else {
    take_check(pending, reply);
  }
  if (link_.up() && pending_.size() < kMaxOutstanding / 2) send_charges();
}

void RedisStore::take_check(Pending& pending, const Reply& reply) {
  const bool in_time = loop_.now() - pending.sent_at <= options_.timeout;
  if (pending.kind == Kind::kProbe) {
    healthy_ = in_time;
    if (!healthy_) lose_health();
    return;
  }
  if (pending.waiter == nullptr) return;  // late, or nobody cares
  if (reply.elements.size() != pending.counts.size()) {
    lose_health();
    return end_check(pending, "bad_answer");
  }
  for (std::size_t i = 0; i < pending.counts.size(); ++i) {
    pending.counts[i].count =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, reply.elements[i].integer));
  }
  end_check(pending, "");
}

void RedisStore::take_charge(const Pending& pending, const Reply& /*reply*/) {
  tell(Kind::kCharge, pending.sent_at, "");
  const auto found =
      std::find_if(backlog_.charges.begin(), backlog_.charges.end(),
                   [&](const Charge& charge) { return charge.number == pending.charge; });
  if (found != backlog_.charges.end()) backlog_.charges.erase(found);
}

void RedisStore::take_error(Pending& pending, const Reply& reply) {
  const std::string code(reply.code());
  const bool passing = is_passing(code);
  const auto charge =
      std::find_if(backlog_.charges.begin(), backlog_.charges.end(), [&](const Charge& one) {
        return pending.kind == Kind::kCharge && one.number == pending.charge;
      });
  if (code == "NOSCRIPT" || passing) {
    // It changed nothing, so it may have another place in the order, behind those that were sent.
    if (charge != backlog_.charges.end()) {
      Charge again{++backlog_.last_number, std::move(charge->counts), false};
      backlog_.charges.erase(charge);
      backlog_.charges.push_back(std::move(again));
    }
  } else if (charge != backlog_.charges.end()) {
    tell(Kind::kCharge, pending.sent_at, code);
    backlog_.charges.erase(charge);
  }
  if (code == "NOSCRIPT") {
    if (pending.kind == Kind::kCheck && pending.waiter != nullptr) {
      pending.whole_script = true;
      return send(std::move(pending));
    }
    return send_probe();  // it brings the script; charges follow
  }
  lose_health();
  end_check(pending, code);
  if (is_wrong_server(code)) link_.drop(reply.text);
}

}  // namespace tollgate::dataplane::limits::redis
