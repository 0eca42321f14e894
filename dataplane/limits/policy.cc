#include "dataplane/limits/policy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "dataplane/http/query.h"
#include "dataplane/limits/selectors.h"
#include "dataplane/snapshot/codec.h"

namespace tollgate::dataplane::limits {

namespace {

/// Keeps names of routes apart from names of limits, which are added up.
constexpr base::Hash128 kRouteSalt{0x5D1B'7F0C'3E2A'9461ULL, 0x93C4'68D7'A0B5'12EFULL};

/// What a limit counts: its policy's scope, whom it is about, what is charged and the window. Not
/// how much it lets pass, nor its place among the others, so that counters outlive an edit of
/// either.
std::string content_of(const snapshot::Limits& limits, const snapshot::LimitRule& rule) {
  snapshot::Limits content;
  content.scope_key = limits.scope_key;
  content.kind = limits.kind;
  snapshot::LimitRule& counted = content.rules.emplace_back();
  counted.selectors = rule.selectors;
  counted.unit = rule.unit;
  counted.request_cost = rule.request_cost;
  counted.response_cost = rule.response_cost;
  counted.shared = rule.shared;
  return snapshot::encode(content);
}

}  // namespace

std::uint64_t share_name(const snapshot::Limits& limits) {
  return base::hash128(limits.scope_key).low;
}

/// The hashes of one request's distinct values: limits that count by the same ones share a hash.
class Policy::Values {
 public:
  Values(const Subject& subject, const std::optional<IpBytes>& peer, KeyHasher& hasher)
      : subject_(subject), peer_(peer), hasher_(hasher) {}

  const base::Hash128& hash(std::uint32_t list, const std::vector<ValueSource>& sources) {
    if (sources.empty()) return none_;
    if (list == last_list_) return last_;
    hasher_.begin();
    for (const ValueSource& source : sources) hasher_.add(value(source));
    last_ = hasher_.end();
    last_list_ = list;
    return last_;
  }

 private:
  /// The selectors have matched, so the value is there.
  std::string_view value(const ValueSource& source) {
    switch (source.kind) {
      case ValueSource::Kind::kHeader:
        return header_value(subject_.view, source.name).value_or("");
      case ValueSource::Kind::kQuery:
        return http::find_query_param(subject_.view.query, source.name, *subject_.view.arena)
            .value_or("");
      case ValueSource::Kind::kAddress:
        return {reinterpret_cast<const char*>(peer_->data()), peer_->size()};
    }
    return {};
  }

  const Subject& subject_;
  const std::optional<IpBytes>& peer_;
  KeyHasher& hasher_;
  base::Hash128 none_;
  base::Hash128 last_;
  std::uint32_t last_list_ = UINT32_MAX;
};

Policy::Policy(std::shared_ptr<const snapshot::LimitsNode> node, ShareId share)
    : node_(std::move(node)) {
  const snapshot::Limits& value = node_->value;
  std::vector<std::vector<ValueSource>> lists;
  std::map<std::string, int> seen;  // limits that count the same have a counter each
  for (const snapshot::LimitRule& rule : value.rules) {
    auto selectors = std::make_unique<Selectors>(rule);
    const auto known = std::find(lists.begin(), lists.end(), selectors->values());
    Limit limit;
    limit.policy = &value;
    limit.rule = &rule;
    limit.share = share;
    limit.length_s = length_s(rule.unit);
    const std::string content = content_of(value, rule);
    limit.name = base::hash128(content + std::to_string(seen[content]++));
    limit.values = static_cast<std::uint32_t>(known - lists.begin());
    limit.is_default = value.kind == snapshot::LimitKind::kLocal && rule.selectors.empty();
    if (known == lists.end()) lists.push_back(selectors->values());
    limits_.push_back(limit);
    selectors_.push_back(std::move(selectors));
  }
}

Policy::~Policy() = default;

base::Hash128 Policy::key_of(const Limit& limit, const Subject& subject, Values& values) const {
  base::Hash128 key = limit.name;
  if (!limit.rule->shared) {
    base::Hash128 route = base::hash128(subject.route_key);
    route += kRouteSalt;
    key += route;
  }
  const auto position = static_cast<std::size_t>(&limit - limits_.data());
  key += values.hash(limit.values, selectors_[position]->values());
  return key;
}

bool Policy::is_about(const Subject& subject) const {
  const auto& listeners = node_->value.listener_keys;
  return listeners.empty() ||
         std::find(listeners.begin(), listeners.end(), subject.listener_key) != listeners.end();
}

const snapshot::DirectResponse* Policy::unusable(const Subject& subject) const {
  const auto& answer = node_->value.unusable;
  return answer && is_about(subject) ? &*answer : nullptr;
}

void Policy::match(const Subject& subject, KeyHasher& hasher, std::vector<Hit>& out) const {
  if (!is_about(subject)) return;
  const std::optional<IpBytes> peer = parse_ip(subject.peer_ip);
  Values values(subject, peer, hasher);
  bool any = false;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    if (limits_[i].is_default || !selectors_[i]->match(subject.view, peer)) continue;
    any = true;
    out.push_back({&limits_[i], key_of(limits_[i], subject, values)});
  }
  if (any) return;
  for (const Limit& limit : limits_) {
    if (limit.is_default) out.push_back({&limit, key_of(limit, subject, values)});
  }
}

const std::shared_ptr<const Policy>& Book::find(snapshot::SlotId id) const {
  static const std::shared_ptr<const Policy> kNone;
  if (id.slot >= entries_.size() || entries_[id.slot].generation != id.generation) return kNone;
  return entries_[id.slot].policy;
}

BookKeeper::BookKeeper(Table& table) : table_(table) {}

std::shared_ptr<const Book> BookKeeper::update(
    const std::vector<snapshot::NodeChange<snapshot::LimitsNode>>& changes) {
  if (changes.empty()) return book_;
  auto next = std::make_shared<Book>(*book_);
  for (const auto& change : changes) {
    if (!change.before) continue;
    const snapshot::SlotId id = change.before->id;
    if (next->entries_[id.slot].generation == id.generation) next->entries_[id.slot] = {};
  }
  std::vector<std::uint64_t> shares;
  for (const auto& change : changes) {
    if (!change.after) continue;
    const snapshot::SlotId id = change.after->id;
    if (id.slot >= next->entries_.size()) next->entries_.resize(id.slot + std::size_t{1});
    const ShareId share = table_.share_of(share_name(change.after->value));
    next->entries_[id.slot] = {id.generation, std::make_shared<Policy>(change.after, share)};
  }
  for (const Book::Entry& entry : next->entries_) {
    if (entry.policy) shares.push_back(share_name(entry.policy->node().value));
  }
  table_.keep_shares(shares);
  book_ = std::move(next);
  return book_;
}

}  // namespace tollgate::dataplane::limits
