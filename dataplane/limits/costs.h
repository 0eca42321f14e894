#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/snapshot/compiler.h"
#include "dataplane/telemetry/record.h"

namespace tollgate::dataplane::limits {

/// What costs are computed from besides tokens.
struct CostSubject {
  std::string_view model;    // sent to the backend
  std::string_view backend;  // "NS/NAME/route/ROUTE/rule/2/ref/0"; only if has_expressions()
  std::string_view route;    // "NS/NAME"
};

/// A CostsNode ready to be computed. Immutable; shared by all workers.
class CostSheet {
 public:
  explicit CostSheet(std::shared_ptr<const snapshot::CostsNode> node);
  ~CostSheet();
  CostSheet(const CostSheet&) = delete;
  CostSheet& operator=(const CostSheet&) = delete;

  [[nodiscard]] bool has_expressions() const;

  /// Every cost of the list; keys live as long as the sheet. A class of tokens that nobody counted
  /// is 0. An expression that fails for these values gives no cost and counts in `failures`.
  [[nodiscard]] std::vector<telemetry::CostEntry> compute(const telemetry::TokenCounts& tokens,
                                                          const CostSubject& subject,
                                                          std::uint32_t& failures) const;

 private:
  struct Expressions;
  std::shared_ptr<const snapshot::CostsNode> node_;
  std::unique_ptr<Expressions> expressions_;
};

/// The cost sheets of a snapshot by the slot of their CostsNode. Immutable.
class CostBook {
 public:
  /// nullptr if the id names no list (any more).
  [[nodiscard]] const std::shared_ptr<const CostSheet>& find(snapshot::SlotId id) const;
  /// The next one, after these changes.
  [[nodiscard]] std::shared_ptr<const CostBook> with(
      const std::vector<snapshot::NodeChange<snapshot::CostsNode>>& changes) const;

 private:
  struct Entry {
    std::uint32_t generation = 0;
    std::shared_ptr<const CostSheet> sheet;
  };
  std::vector<Entry> entries_;
};

}  // namespace tollgate::dataplane::limits
