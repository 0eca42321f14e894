#include "dataplane/router/match_part.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tollgate::dataplane::router {

bool tried_before(const Candidate& a, const Candidate& b) {
  return std::tie(a.match->value->sort_key, a.owner->rule->key, a.match) <
         std::tie(b.match->value->sort_key, b.owner->rule->key, b.match);
}

Selector selector_of(const CompiledMatch& match) {
  if (match.model != nullptr) return Selector::kModel;
  if (match.path_type == snapshot::MatchType::kExact) return Selector::kPath;
  const bool prefix = match.path_type == snapshot::MatchType::kPrefix && !match.path.empty();
  return prefix ? Selector::kPrefix : Selector::kNothing;
}

std::string_view selector_text(const CompiledMatch& match) {
  switch (selector_of(match)) {
    case Selector::kModel:
      return *match.model;
    case Selector::kPath:
    case Selector::kPrefix:
      return match.path;
    case Selector::kNothing:
      return {};
  }
  return {};
}

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

MatchPart::MatchPart(Selector selector, std::vector<Candidate> candidates)
    : selector_(selector), candidates_(std::move(candidates)) {
  if (selector_ == Selector::kPrefix) node_groups_.push_back(kNone);
  std::vector<std::uint32_t> groups(candidates_.size());
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    groups[i] = group_for(selector_text(*candidates_[i].match));
    count = std::max(count, groups[i] + 1);
  }
  // A counting sort keeps the order within each group.
  starts_.assign(count + 1, 0);
  for (const std::uint32_t group : groups) ++starts_[group + 1];
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  positions_.resize(candidates_.size());
  for (std::uint32_t i = 0; i < groups.size(); ++i) positions_[next[groups[i]]++] = i;
}

std::uint32_t MatchPart::group_for(std::string_view text) {
  if (selector_ == Selector::kNothing) return 0;
  if (selector_ != Selector::kPrefix) {
    return index_.insert(0, text, static_cast<std::uint32_t>(index_.size()));
  }
  std::uint32_t node = 0;
  while (!text.empty()) {
    const std::string_view segment = take_segment(text);
    const auto fresh = static_cast<std::uint32_t>(node_groups_.size());
    node = index_.insert(node, segment, fresh);
    if (node == fresh) node_groups_.push_back(kNone);
  }
  // Nodes and groups are counted apart, but a node's number serves as its group's as well.
  node_groups_[node] = node;
  return node;
}

void MatchPart::scan(std::uint32_t group, const RequestView& request,
                     const Candidate*& best) const {
  for (std::uint32_t at = starts_[group]; at < starts_[group + 1]; ++at) {
    const Candidate& candidate = candidates_[positions_[at]];
    if (candidate.owner->rule->value.ai && !request.ai_endpoint) continue;
    if (!candidate.match->accepts(request)) continue;
    if (best == nullptr || tried_before(candidate, *best)) best = &candidate;
    return;
  }
}

void MatchPart::find(std::string_view text, const RequestView& request,
                     const Candidate*& best) const {
  if (candidates_.empty()) return;
  if (selector_ == Selector::kNothing) return scan(0, request, best);
  if (selector_ != Selector::kPrefix) {
    if (const auto group = index_.find(text)) scan(*group, request, best);
    return;
  }
  std::uint32_t node = 0;
  while (text.starts_with('/')) {
    const auto next = index_.find(node, take_segment(text));
    if (!next) return;
    node = *next;
    if (node_groups_[node] != kNone) scan(node, request, best);
  }
}

}  // namespace tollgate::dataplane::router
