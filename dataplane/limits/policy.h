#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/limits/key_hash.h"
#include "dataplane/limits/table.h"
#include "dataplane/router/request_view.h"
#include "dataplane/snapshot/compiler.h"

namespace tollgate::dataplane::limits {

/// What limits look at of a request.
struct Subject {
  const router::RequestView& view;  // its arena takes joined and decoded values
  std::string_view peer_ip;         // the client's address as text
  std::string_view route_key;       // of the rule that was chosen
  std::string_view listener_key{};  // by which the request came
};

class Selectors;

/// One limit of a policy, ready to be tried.
struct Limit {
  const snapshot::Limits* policy = nullptr;
  const snapshot::LimitRule* rule = nullptr;
  ShareId share = 0;
  std::uint32_t length_s = 1;
  base::Hash128 name;        // of the limit: policy's scope and what it counts
  std::uint32_t values = 0;  // which of the policy's lists of distinct values it counts by
  bool is_default = false;   // for requests that no other limit of its policy matches
};

/// A limit that applies to a request, and the name of the request's counter.
struct Hit {
  const Limit* limit = nullptr;
  base::Hash128 key;
};

/// A LimitsNode ready to be tried. Immutable; shared by all workers.
class Policy {
 public:
  Policy(std::shared_ptr<const snapshot::LimitsNode> node, ShareId share);
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// Appends every limit that applies. The name of a counter is made of the policy's scope, what
  /// the limit counts, the route unless the limit is shared, and a hash of the distinct values:
  /// what a client sent is nowhere kept.
  void match(const Subject& subject, KeyHasher& hasher, std::vector<Hit>& out) const;

  /// The answer to a request that the policy is about and cannot be applied to; null: there is
  /// none.
  [[nodiscard]] const snapshot::DirectResponse* unusable(const Subject& subject) const;

  [[nodiscard]] const snapshot::LimitsNode& node() const { return *node_; }
  [[nodiscard]] const std::vector<Limit>& limits() const { return limits_; }

 private:
  class Values;
  [[nodiscard]] bool is_about(const Subject& subject) const;
  [[nodiscard]] base::Hash128 key_of(const Limit& limit, const Subject& subject,
                                     Values& values) const;

  std::shared_ptr<const snapshot::LimitsNode> node_;
  std::vector<Limit> limits_;
  std::vector<std::unique_ptr<Selectors>> selectors_;  // one per limit
};

/// Hash of a policy's scope, by which the table knows its share.
std::uint64_t share_name(const snapshot::Limits& limits);

/// The policies of a snapshot by the slot of their LimitsNode. Immutable.
class Book {
 public:
  /// nullptr if the id names no policy (any more).
  [[nodiscard]] const std::shared_ptr<const Policy>& find(snapshot::SlotId id) const;

 private:
  friend class BookKeeper;
  struct Entry {
    std::uint32_t generation = 0;
    std::shared_ptr<const Policy> policy;
  };
  std::vector<Entry> entries_;
};

/// Compiles what changes of the limits of a snapshot. On the thread that compiles snapshots.
class BookKeeper {
 public:
  /// `table` outlives the keeper; it gets a share per policy.
  explicit BookKeeper(Table& table);
  std::shared_ptr<const Book> update(
      const std::vector<snapshot::NodeChange<snapshot::LimitsNode>>& changes);

 private:
  Table& table_;
  std::shared_ptr<const Book> book_ = std::make_shared<const Book>();
};

}  // namespace tollgate::dataplane::limits
