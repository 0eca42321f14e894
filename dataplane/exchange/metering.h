#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/limits/costs.h"
#include "dataplane/limits/passage.h"

namespace tollgate::dataplane::exchange {

/// What an exchange knows of its limits and costs. The passage exists once the limits were asked;
/// everything here outlives the configuration that it came from.
struct Metering {
  std::optional<limits::Passage> passage;
  std::shared_ptr<const limits::CostSheet> sheet;  // null: the rule has no costs
  // Of the record that is being made.
  std::vector<telemetry::CostEntry> costs;
  std::vector<telemetry::LimitEntry> entries;

  void write_headers(http::FieldList& fields, base::Arena& arena, base::WallTime now) const;
  /// Computes the costs, charges them, and adds both to the record, which borrows them.
  /// `backend` as cost expressions know it.
  void settle(telemetry::Record& record, std::string_view backend, base::WallTime now);
};

}  // namespace tollgate::dataplane::exchange
