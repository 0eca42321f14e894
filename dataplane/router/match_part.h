#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/router/flat_index.h"
#include "dataplane/router/rule_matches.h"

namespace tollgate::dataplane::router {

/// A match and the rule that it belongs to.
struct Candidate {
  std::shared_ptr<const RuleMatches> owner;
  const CompiledMatch* match = nullptr;
};

/// The order of trying: by sort key. Sort keys are unique by contract; the rest keeps the order
/// fixed if they are not.
bool tried_before(const Candidate& a, const Candidate& b);

/// The most selective thing that a match asks for exactly.
enum class Selector : std::uint8_t { kModel, kPath, kPrefix, kNothing };
Selector selector_of(const CompiledMatch& match);
/// Its text: the model, the path, the prefix ("/a/b"), or nothing.
std::string_view selector_text(const CompiledMatch& match);

/// A segment taken off a path that starts with '/'.
std::string_view take_segment(std::string_view& path);

/// Matches of one kind of selector: grouped by its text, in order within a group. Immutable.
class MatchPart {
 public:
  /// `candidates` in the order of trying.
  MatchPart(Selector selector, std::vector<Candidate> candidates);

  /// Tries the group of `text` (kModel, kPath), or of every prefix of `text` (kPrefix), or all
  /// (kNothing), and makes `best` the earliest that accepts, if that is earlier than what it is.
  void find(std::string_view text, const RequestView& request, const Candidate*& best) const;

  [[nodiscard]] const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  std::uint32_t group_for(std::string_view text);
  void scan(std::uint32_t group, const RequestView& request, const Candidate*& best) const;

  static constexpr std::uint32_t kNone = UINT32_MAX;
  Selector selector_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> positions_;    // of candidates, group after group
  std::vector<std::uint32_t> starts_;       // per group into positions_, and the end
  FlatIndex index_;                         // text -> group; kPrefix: (node, segment) -> node
  std::vector<std::uint32_t> node_groups_;  // kPrefix: per node, kNone if no prefix ends there
};

}  // namespace tollgate::dataplane::router
