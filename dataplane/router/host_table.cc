#include "dataplane/router/host_table.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::router {

namespace {

/// Other bits than FlatIndex starts its search with.
std::uint32_t shard_of(std::string_view key, std::uint32_t shards) {
  if (shards == 1) return 0;
  return static_cast<std::uint32_t>(base::hash128(key).high) & (shards - 1);
}

std::string_view first_segment(std::string_view path) {
  return path.starts_with('/') ? take_segment(path) : std::string_view();
}

}  // namespace

Place place_of(const CompiledMatch& match, std::uint32_t shards) {
  const Selector selector = selector_of(match);
  const std::string_view text = selector_text(match);
  switch (selector) {
    case Selector::kModel:
    case Selector::kPath:
      return {selector, shard_of(text, shards)};
    case Selector::kPrefix:
      return {selector, shard_of(first_segment(text), shards)};
    case Selector::kNothing:
      break;
  }
  return {};
}

HostTable::HostTable(std::uint32_t shards) : shards_(shards), parts_(kSharded * shards + 1) {}

HostTable::Part& HostTable::slot(const Place& place) {
  return parts_[static_cast<std::size_t>(place.selector) * shards_ + place.shard];
}

void HostTable::find_in(Selector selector, std::string_view key, std::string_view text,
                        const RequestView& request, const Candidate*& best) const {
  const std::size_t at = static_cast<std::size_t>(selector) * shards_ + shard_of(key, shards_);
  if (parts_[at]) parts_[at]->find(text, request, best);
}

Found HostTable::find(const RequestView& request) const {
  const Candidate* best = nullptr;
  bool has_model = false;
  const std::string_view model = request.header(kModelHeader, has_model);
  if (has_model) find_in(Selector::kModel, model, model, request, best);
  find_in(Selector::kPath, request.path, request.path, request, best);
  find_in(Selector::kPrefix, first_segment(request.path), request.path, request, best);
  if (parts_.back()) parts_.back()->find({}, request, best);
  if (best == nullptr) return {};
  return {&best->owner->rule, best->match};
}

std::vector<const RuleMatches*> HostTable::rules() const {
  std::vector<const Candidate*> all;
  for (const Part& part : parts_) {
    if (!part) continue;
    for (const Candidate& candidate : part->candidates()) all.push_back(&candidate);
  }
  std::sort(all.begin(), all.end(),
            [](const Candidate* a, const Candidate* b) { return tried_before(*a, *b); });
  std::vector<const RuleMatches*> rules;
  std::unordered_set<const RuleMatches*> seen;
  for (const Candidate* candidate : all) {
    if (seen.insert(candidate->owner.get()).second) rules.push_back(candidate->owner.get());
  }
  return rules;
}

}  // namespace tollgate::dataplane::router
