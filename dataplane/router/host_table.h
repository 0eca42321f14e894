#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/router/match_part.h"

namespace tollgate::dataplane::router {

/// Where a request goes: a rule and the match that chose it. Valid as long as the table.
struct Found {
  const std::shared_ptr<const snapshot::RuleNode>* rule = nullptr;  // nullptr: nothing matches
  const CompiledMatch* match = nullptr;

  explicit operator bool() const { return rule != nullptr; }
};

/// Which part of a host's table a match stands in.
struct Place {
  Selector selector = Selector::kNothing;
  std::uint32_t shard = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};
/// `shards` is a power of two. Prefixes are spread by their first segment.
Place place_of(const CompiledMatch& match, std::uint32_t shards);

/// All matches of one hostname of one listener. Immutable; a changed rule makes a new table that
/// shares every part without a change.
///
/// Each match stands in exactly one part, by the most selective thing it asks for exactly: model,
/// whole path, path prefix; what asks for neither stands in a part of its own. A look-up reads the
/// few groups that the request can be in and takes the earliest match that accepts: the same as
/// trying all matches in order.
class HostTable {
 public:
  using Part = std::shared_ptr<const MatchPart>;

  /// An empty table of so many shards per selector.
  explicit HostTable(std::uint32_t shards);

  void set(const Place& place, Part part) { slot(place) = std::move(part); }
  void set_has_ai(bool has_ai) { has_ai_ = has_ai; }

  [[nodiscard]] Found find(const RequestView& request) const;
  /// The rules in the order of their first match, each once. For lists, not for requests.
  [[nodiscard]] std::vector<const RuleMatches*> rules() const;
  [[nodiscard]] bool has_ai() const { return has_ai_; }
  [[nodiscard]] std::uint32_t shards() const { return shards_; }

 private:
  static constexpr std::size_t kSharded = 3;  // kModel, kPath, kPrefix
  Part& slot(const Place& place);
  void find_in(Selector selector, std::string_view key, std::string_view text,
               const RequestView& request, const Candidate*& best) const;

  std::uint32_t shards_;
  std::vector<Part> parts_;  // shard after shard of each selector, the rest last; null if empty
  bool has_ai_ = false;
};

}  // namespace tollgate::dataplane::router
