#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/router/flat_index.h"
#include "dataplane/router/rule_matches.h"

namespace tollgate::dataplane::router {

/// Where a request goes: a rule and the match that chose it. Valid as long as the table.
struct Found {
  const std::shared_ptr<const snapshot::RuleNode>* rule = nullptr;  // nullptr: nothing matches
  const CompiledMatch* match = nullptr;

  explicit operator bool() const { return rule != nullptr; }
};

/// All matches of one hostname of one listener, in order of their sort keys. Immutable.
///
/// Each match stands in exactly one bucket, by the most selective thing it asks for exactly: model,
/// whole path, path prefix; what asks for neither stands in the rest. A look-up reads the few
/// buckets that the request can be in, each in order, and takes the smallest position that accepts:
/// the same as trying all matches in order.
class HostTable {
 public:
  explicit HostTable(std::vector<std::shared_ptr<const RuleMatches>> rules);

  [[nodiscard]] Found find(const RequestView& request) const;

  /// The rules in order of their first match, each once.
  [[nodiscard]] const std::vector<std::shared_ptr<const RuleMatches>>& rules() const {
    return rules_;
  }
  [[nodiscard]] bool has_ai() const { return has_ai_; }

 private:
  struct Entry {
    const RuleMatches* owner;
    const CompiledMatch* match;
  };
  using Bucket = std::vector<std::uint32_t>;  // positions in entries_, ascending

  void put(std::uint32_t position);
  Bucket& bucket(FlatIndex& index, std::string_view key);
  std::uint32_t prefix_node(std::string_view prefix);
  void scan(const Bucket& bucket, const RequestView& request, std::uint32_t& best) const;
  void scan_prefixes(const RequestView& request, std::uint32_t& best) const;

  std::vector<std::shared_ptr<const RuleMatches>> rules_;
  std::vector<Entry> entries_;
  std::vector<Bucket> buckets_;              // the first one is the rest
  FlatIndex models_;                         // exact model -> bucket
  FlatIndex paths_;                          // exact path -> bucket
  FlatIndex segments_;                       // (node, segment) -> node, a trie of prefixes
  std::vector<std::uint32_t> node_buckets_;  // per node: its bucket, 0 if none
  bool has_ai_ = false;
};

}  // namespace tollgate::dataplane::router
