#include "dataplane/limits/costs.h"

#include <optional>

#include "dataplane/base/log.h"
#include "dataplane/catalog/cost.h"

namespace tollgate::dataplane::limits {

namespace {

using snapshot::CostType;

std::optional<std::uint64_t> count_of(CostType type, const telemetry::TokenCounts& tokens) {
  switch (type) {
    case CostType::kInput:
      return tokens.input;
    case CostType::kCachedInput:
      return tokens.cached_input;
    case CostType::kCacheCreation:
      return tokens.cache_creation;
    case CostType::kOutput:
      return tokens.output;
    case CostType::kTotal:
      return tokens.total;
    case CostType::kReasoning:
      return tokens.reasoning;
    case CostType::kCel:
      break;
  }
  return std::nullopt;
}

}  // namespace

struct CostSheet::Expressions {
  std::vector<std::optional<catalog::CostExpression>> all;  // one per cost of the list
};

CostSheet::CostSheet(std::shared_ptr<const snapshot::CostsNode> node)
    : node_(std::move(node)), expressions_(std::make_unique<Expressions>()) {
  for (const snapshot::Cost& cost : node_->value.costs) {
    auto& expression = expressions_->all.emplace_back();
    if (cost.type != CostType::kCel) continue;
    auto compiled = catalog::CostExpression::compile(cost.cel);
    if (compiled) {
      expression = std::move(*compiled);
    } else {
      base::log::error("a cost cannot be computed",
                       {{"key", cost.key}, {"why", compiled.error().detail}});
    }
  }
}

bool CostSheet::has_expressions() const {
  for (const auto& expression : expressions_->all) {
    if (expression) return true;
  }
  return false;
}

CostSheet::~CostSheet() = default;

std::vector<telemetry::CostEntry> CostSheet::compute(const telemetry::TokenCounts& tokens,
                                                     const CostSubject& subject,
                                                     std::uint32_t& failures) const {
  std::vector<telemetry::CostEntry> costs;
  costs.reserve(node_->value.costs.size());
  const catalog::CostFacts facts{subject.model,
                                 subject.backend,
                                 subject.route,
                                 tokens.input.value_or(0),
                                 tokens.cached_input.value_or(0),
                                 tokens.cache_creation.value_or(0),
                                 tokens.output.value_or(0),
                                 tokens.total.value_or(0),
                                 tokens.reasoning.value_or(0)};
  for (std::size_t i = 0; i < node_->value.costs.size(); ++i) {
    const snapshot::Cost& cost = node_->value.costs[i];
    if (cost.type != CostType::kCel) {
      costs.push_back({cost.key, count_of(cost.type, tokens).value_or(0)});
      continue;
    }
    const auto& expression = expressions_->all[i];
    const auto value = expression
                           ? expression->evaluate(facts)
                           : base::Result<std::uint64_t>(base::internal_error("no expression"));
    if (value) {
      costs.push_back({cost.key, *value});
    } else {
      ++failures;
    }
  }
  return costs;
}

const std::shared_ptr<const CostSheet>& CostBook::find(snapshot::SlotId id) const {
  static const std::shared_ptr<const CostSheet> kNone;
  if (id.slot >= entries_.size() || entries_[id.slot].generation != id.generation) return kNone;
  return entries_[id.slot].sheet;
}

std::shared_ptr<const CostBook> CostBook::with(
    const std::vector<snapshot::NodeChange<snapshot::CostsNode>>& changes) const {
  auto next = std::make_shared<CostBook>(*this);
  for (const auto& change : changes) {
    if (!change.before) continue;
    const snapshot::SlotId id = change.before->id;
    if (next->entries_[id.slot].generation == id.generation) next->entries_[id.slot] = {};
  }
  for (const auto& change : changes) {
    if (!change.after) continue;
    const snapshot::SlotId id = change.after->id;
    if (id.slot >= next->entries_.size()) next->entries_.resize(id.slot + std::size_t{1});
    next->entries_[id.slot] = {id.generation, std::make_shared<CostSheet>(change.after)};
  }
  return next;
}

}  // namespace tollgate::dataplane::limits
