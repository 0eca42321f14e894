#include "dataplane/limits/passage.h"

#include <algorithm>
#include <string>

namespace tollgate::dataplane::limits {

namespace {

using snapshot::StoreFailure;

/// What a cost without a number costs before the answer is known: nothing.
std::uint64_t request_cost(const Limit& limit) {
  const snapshot::LimitCost& cost = limit.rule->request_cost;
  return cost.metadata_key.empty() ? std::min(cost.number, Table::kMaxCount) : 0;
}

std::uint64_t response_cost(const Limit& limit, std::span<const telemetry::CostEntry> costs) {
  if (!limit.rule->response_cost) return 0;
  const snapshot::LimitCost& cost = *limit.rule->response_cost;
  if (cost.metadata_key.empty()) return std::min(cost.number, Table::kMaxCount);
  for (const telemetry::CostEntry& entry : costs) {
    if (entry.key == cost.metadata_key) return std::min(entry.amount, Table::kMaxCount);
  }
  return 0;
}

/// Of a limit that several proxies count apart: together they let pass hardly more than the limit,
/// and none is shut.
std::uint64_t share_of(std::uint64_t limit, std::uint64_t proxies) {
  return limit / proxies + (limit % proxies == 0 ? 0 : 1);
}

std::uint64_t left(std::uint64_t limit, std::uint64_t count) {
  return limit > count ? limit - count : 0;
}

}  // namespace

Passage::~Passage() {
  if (waiting_) store_->cancel(*this);
}

void Passage::add(std::shared_ptr<const Policy> policy, const Subject& subject) {
  policy->match(subject, gate_.hasher, hits_);
  if (unusable_ == nullptr) unusable_ = policy->unusable(subject);
  policies_.push_back(std::move(policy));
}

void Passage::count_in_table(Part& part, std::uint64_t amount, std::uint64_t now_s) {
  const Limit& limit = *part.hit.limit;
  const auto count =
      gate_.table.add(part.hit.key, window_at(now_s, limit.length_s), amount, limit.share, now_s);
  part.place = count ? Place::kTable : Place::kLost;
  if (!count) return;
  part.known = true;
  part.count = *count;
  part.charged += amount;
}

bool Passage::decide(std::uint64_t now_s) {
  decided_s_ = now_s;
  if (unusable_ != nullptr) {
    verdict_ = Verdict::kUnusable;  // such a request is nobody's to pay for
    return true;
  }
  store_ = gate_.store;
  parts_.reserve(hits_.size());
  for (const Hit& hit : hits_) {
    Part& part = parts_.emplace_back();
    part.hit = hit;
    part.limit = hit.limit->rule->requests;
    const bool global = hit.limit->policy->kind == snapshot::LimitKind::kGlobal;
    if (global && store_ != nullptr) {
      part.place = Place::kStore;
      asked_.push_back(
          {hit.key, window_at(now_s, hit.limit->length_s), request_cost(*hit.limit), 0});
    } else {
      count_in_table(part, request_cost(*hit.limit), now_s);
    }
  }
  if (store_ != nullptr && !asked_.empty()) {
    waiting_ = store_->check(asked_, *this, now_s);
    if (waiting_) return false;
    on_checked(false);
    return true;
  }
  judge();
  return true;
}

void Passage::on_checked(bool answered) {
  const bool was_waiting = waiting_;
  waiting_ = false;
  std::size_t position = 0;
  for (Part& part : parts_) {
    if (part.place != Place::kStore) continue;
    const StoreCount& asked = asked_[position++];
    if (answered) {
      part.known = true;
      part.count = asked.count;
      part.charged += asked.amount;
    } else if (part.hit.limit->rule->on_store_failure == StoreFailure::kLocal) {
      part.limit = share_of(part.limit, gate_.proxies);
      count_in_table(part, asked.amount, decided_s_);
    }
  }
  judge();
  if (was_waiting) owner_.on_limits_decided();
}

void Passage::judge() {
  for (Part& part : parts_) {
    const snapshot::LimitRule& rule = *part.hit.limit->rule;
    part.exceeded = part.limit == 0 || (part.known && part.count > part.limit);
    if (rule.shadow) continue;
    if (part.exceeded) {
      verdict_ = Verdict::kRefused;
    } else if (!part.known && rule.on_store_failure == StoreFailure::kDeny &&
               verdict_ == Verdict::kAllowed) {
      verdict_ = Verdict::kStoreGone;
    }
  }
}

const Limit* Passage::refused_by() const {
  if (verdict_ != Verdict::kRefused) return nullptr;
  for (const Part& part : parts_) {
    if (!part.hit.limit->rule->shadow && part.exceeded) return part.hit.limit;
  }
  return nullptr;
}

void Passage::write_headers(http::FieldList& fields, base::Arena& arena,
                            std::uint64_t now_s) const {
  const Part* tightest = nullptr;
  std::uint64_t retry_after_s = 0;
  std::string policies;
  for (const Part& part : parts_) {
    const snapshot::LimitRule& rule = *part.hit.limit->rule;
    if (!rule.shadow && part.exceeded) {
      const Window window = window_at(now_s, part.hit.limit->length_s);
      retry_after_s = std::max(retry_after_s, seconds_left(window, now_s));
    }
    if (!rule.headers || rule.shadow || !part.known) continue;
    policies +=
        ", " + std::to_string(part.limit) + ";w=" + std::to_string(part.hit.limit->length_s);
    if (tightest == nullptr ||
        left(part.limit, part.count) < left(tightest->limit, tightest->count)) {
      tightest = &part;
    }
  }
  const auto text = [&arena](std::uint64_t value) { return arena.copy(std::to_string(value)); };
  if (tightest != nullptr) {
    const std::uint64_t limit = tightest->limit;
    const Window window = window_at(now_s, tightest->hit.limit->length_s);
    fields.set("x-ratelimit-limit", arena.copy(std::to_string(limit) + policies));
    fields.set("x-ratelimit-remaining", text(left(limit, tightest->count)));
    fields.set("x-ratelimit-reset", text(seconds_left(window, now_s)));
  }
  if (verdict_ != Verdict::kRefused) return;
  fields.set("x-envoy-ratelimited", "true");
  fields.set("retry-after", text(retry_after_s));
}

void Passage::settle(std::span<const telemetry::CostEntry> costs, std::uint64_t now_s) {
  if (settled_ || waiting_ || verdict_ != Verdict::kAllowed) return;
  settled_ = true;
  asked_.clear();
  for (Part& part : parts_) {
    const std::uint64_t amount = response_cost(*part.hit.limit, costs);
    if (amount == 0) continue;
    // To the store of this moment: the one that was asked may have been replaced meanwhile.
    if (part.place == Place::kStore && gate_.store != nullptr) {
      asked_.push_back({part.hit.key, window_at(now_s, part.hit.limit->length_s), amount, 0});
      part.charged += amount;
    } else {
      count_in_table(part, amount, now_s);
    }
  }
  if (!asked_.empty()) gate_.store->charge(asked_, now_s);
}

std::vector<telemetry::LimitEntry> Passage::entries() const {
  std::vector<telemetry::LimitEntry> entries;
  if (waiting_) return entries;  // nothing was decided
  entries.reserve(parts_.size());
  for (const Part& part : parts_) {
    const Limit& limit = *part.hit.limit;
    telemetry::LimitEntry entry;
    entry.policy = limit.policy->policy;
    entry.limit = limit.rule->id;
    entry.charged = part.charged;
    if (part.exceeded) {
      entry.result = limit.rule->shadow ? "shadow" : "refused";
    } else if (part.known) {
      entry.result = "allowed";
    } else {
      entry.result =
          limit.rule->on_store_failure == StoreFailure::kDeny ? "failed_closed" : "failed_open";
    }
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace tollgate::dataplane::limits
