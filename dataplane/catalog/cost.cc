#include "dataplane/catalog/cost.h"

#include <array>
#include <string>

namespace tollgate::dataplane::catalog {

namespace {

using cel::Kind;

/// The largest source of a cost; the evaluation of one has a budget to match.
constexpr std::uint64_t kMaxCostSteps = 10'000;

const std::vector<cel::Variable>& variables() {
  static const std::vector<cel::Variable> kVariables{
      {"model", {Kind::kString, {}}},
      {"backend", {Kind::kString, {}}},
      {"route_name", {Kind::kString, {}}},
      {"input_tokens", {Kind::kUint, {}}},
      {"cached_input_tokens", {Kind::kUint, {}}},
      {"cache_creation_input_tokens", {Kind::kUint, {}}},
      {"output_tokens", {Kind::kUint, {}}},
      {"total_tokens", {Kind::kUint, {}}},
      {"reasoning_tokens", {Kind::kUint, {}}},
  };
  return kVariables;
}

base::Error at_start(std::string_view message) {
  return base::config_error(base::Code::kInvalidArgument, "1:1: " + std::string(message));
}

}  // namespace

base::Result<CostExpression> CostExpression::compile(std::string_view source) {
  TRY_ASSIGN(cel::Program program, cel::compile(source, variables()));
  const Kind kind = program.type().kind;
  if (kind != Kind::kUint && kind != Kind::kInt && kind != Kind::kDyn) {
    return at_start("the value is " + cel::to_string(program.type()) + ", not int or uint");
  }
  CostExpression expression(std::move(program));
  const auto trial = expression.evaluate({});
  if (!trial) {
    base::Error error = trial.error();
    error.detail += " (for a request without tokens)";
    return error;
  }
  return expression;
}

base::Result<std::uint64_t> CostExpression::evaluate(const CostFacts& facts) const {
  const std::array<cel::Value, 9> values{
      cel::Value{std::string(facts.model)},      cel::Value{std::string(facts.backend)},
      cel::Value{std::string(facts.route_name)}, cel::Value{facts.input_tokens},
      cel::Value{facts.cached_input_tokens},     cel::Value{facts.cache_creation_input_tokens},
      cel::Value{facts.output_tokens},           cel::Value{facts.total_tokens},
      cel::Value{facts.reasoning_tokens},
  };
  TRY_ASSIGN(const cel::Value value, program_.evaluate(values, kMaxCostSteps));
  if (const auto* natural = value.as<std::uint64_t>()) return *natural;
  const auto* whole = value.as<std::int64_t>();
  if (whole == nullptr) {
    return at_start("the value is " + std::string(cel::to_string(value.kind())) +
                    ", not int or uint");
  }
  if (*whole < 0) return at_start("the value is negative: " + std::to_string(*whole));
  return static_cast<std::uint64_t>(*whole);
}

}  // namespace tollgate::dataplane::catalog
