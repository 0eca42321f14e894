#include "dataplane/router/host_table.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace tollgate::dataplane::router {

namespace {

constexpr std::uint32_t kNowhere = UINT32_MAX;

/// Takes the next segment off a path that starts with '/' or is empty.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

}  // namespace

HostTable::HostTable(std::vector<std::shared_ptr<const RuleMatches>> rules) {
  struct Ordered {
    Entry entry;
    const std::shared_ptr<const RuleMatches>* rule;
  };
  std::vector<Ordered> order;
  for (const auto& rule : rules) {
    for (const CompiledMatch& match : rule->matches) order.push_back({{rule.get(), &match}, &rule});
  }
  // Sort keys are unique by contract; the rest only keeps the order fixed if they are not.
  std::sort(order.begin(), order.end(), [](const Ordered& a, const Ordered& b) {
    return std::tie(a.entry.match->value->sort_key, a.entry.owner->rule->key, a.entry.match) <
           std::tie(b.entry.match->value->sort_key, b.entry.owner->rule->key, b.entry.match);
  });
  buckets_.emplace_back();
  node_buckets_.push_back(0);
  std::unordered_set<const RuleMatches*> seen;
  for (const Ordered& next : order) {
    entries_.push_back(next.entry);
    put(static_cast<std::uint32_t>(entries_.size() - 1));
    has_ai_ = has_ai_ || next.entry.owner->rule->value.ai;
    if (seen.insert(next.entry.owner).second) rules_.push_back(*next.rule);
  }
}

HostTable::Bucket& HostTable::bucket(FlatIndex& index, std::string_view key) {
  const auto next = static_cast<std::uint32_t>(buckets_.size());
  const std::uint32_t at = index.insert(0, key, next);
  if (at == next) buckets_.emplace_back();
  return buckets_[at];
}

std::uint32_t HostTable::prefix_node(std::string_view prefix) {
  std::uint32_t node = 0;
  while (!prefix.empty()) {
    const std::string_view segment = take_segment(prefix);
    const auto next = static_cast<std::uint32_t>(node_buckets_.size());
    node = segments_.insert(node, segment, next);
    if (node == next) node_buckets_.push_back(0);
  }
  return node;
}

void HostTable::put(std::uint32_t position) {
  const CompiledMatch& match = *entries_[position].match;
  if (match.model != nullptr) {
    bucket(models_, *match.model).push_back(position);
    return;
  }
  if (match.path_type == snapshot::MatchType::kExact) {
    bucket(paths_, match.path).push_back(position);
    return;
  }
  const bool selective = match.path_type == snapshot::MatchType::kPrefix && !match.path.empty();
  if (!selective) {
    buckets_.front().push_back(position);
    return;
  }
  const std::uint32_t node = prefix_node(match.path);
  if (node_buckets_[node] == 0) {
    node_buckets_[node] = static_cast<std::uint32_t>(buckets_.size());
    buckets_.emplace_back();
  }
  buckets_[node_buckets_[node]].push_back(position);
}

void HostTable::scan(const Bucket& bucket, const RequestView& request, std::uint32_t& best) const {
  for (const std::uint32_t position : bucket) {
    if (position >= best) return;
    const Entry& entry = entries_[position];
    if (entry.owner->rule->value.ai && !request.ai_endpoint) continue;
    if (entry.match->accepts(request)) {
      best = position;
      return;
    }
  }
}

void HostTable::scan_prefixes(const RequestView& request, std::uint32_t& best) const {
  if (segments_.empty()) return;
  std::string_view path = request.path;
  std::uint32_t node = 0;
  while (path.starts_with('/')) {
    const auto next = segments_.find(node, take_segment(path));
    if (!next) return;
    node = *next;
    if (node_buckets_[node] != 0) scan(buckets_[node_buckets_[node]], request, best);
  }
}

Found HostTable::find(const RequestView& request) const {
  std::uint32_t best = kNowhere;
  if (!models_.empty()) {
    bool found = false;
    const std::string_view model = request.header(kModelHeader, found);
    if (const auto at = found ? models_.find(model) : std::nullopt) {
      scan(buckets_[*at], request, best);
    }
  }
  if (const auto at = paths_.find(request.path)) scan(buckets_[*at], request, best);
  scan_prefixes(request, best);
  scan(buckets_.front(), request, best);
  if (best == kNowhere) return {};
  return {&entries_[best].owner->rule, entries_[best].match};
}

}  // namespace tollgate::dataplane::router
