#include "dataplane/router/host_book.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace tollgate::dataplane::router {

void HostBook::add(const std::shared_ptr<const RuleMatches>& rule) {
  for (const CompiledMatch& match : rule->matches) {
    const Place place = place_of(match, shards_);
    // A route may name a hostname twice: what is there already counts once.
    if (!pages_[place].insert({rule, &match}).second) continue;
    dirty_.insert(place);
    ++matches_;
  }
  if (rule->rule->value.ai) ++ai_rules_;
}

void HostBook::remove(const std::shared_ptr<const RuleMatches>& rule) {
  for (const CompiledMatch& match : rule->matches) {
    const Place place = place_of(match, shards_);
    matches_ -= pages_[place].erase({rule, &match});
    dirty_.insert(place);
  }
  if (rule->rule->value.ai) --ai_rules_;
}

/// Moves every match to its place among `shards`.
void HostBook::spread(std::uint32_t shards) {
  std::map<Place, Page> old;
  old.swap(pages_);
  shards_ = shards;
  dirty_.clear();
  table_.reset();
  for (auto& [place, page] : old) {
    for (const Candidate& candidate : page) {
      const Place now = place_of(*candidate.match, shards_);
      pages_[now].insert(candidate);
      dirty_.insert(now);
    }
  }
}

std::shared_ptr<const HostTable> HostBook::make(std::uint64_t& built) {
  // Grows early and shrinks late, so that edits around a limit do not spread again and again.
  const auto fitting = static_cast<std::uint32_t>(std::bit_ceil(matches_ / kShardMatches + 1));
  const std::uint32_t wanted = std::min(kMaxShards, fitting);
  if (wanted > shards_ || wanted * 4 < shards_) spread(wanted);
  auto table = table_ ? std::make_shared<HostTable>(*table_) : std::make_shared<HostTable>(shards_);
  for (const Place& place : dirty_) {
    const auto page = pages_.find(place);
    if (page == pages_.end() || page->second.empty()) {
      if (page != pages_.end()) pages_.erase(page);
      table->set(place, nullptr);
      continue;
    }
    table->set(place, std::make_shared<const MatchPart>(
                          place.selector,
                          std::vector<Candidate>(page->second.begin(), page->second.end())));
    ++built;
  }
  dirty_.clear();
  table->set_has_ai(ai_rules_ > 0);
  table_ = std::move(table);
  return table_;
}

}  // namespace tollgate::dataplane::router
