#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/cel/program.h"

namespace tollgate::dataplane::catalog {

/// The metadata namespace under which costs are known to limits, access log and metrics.
inline constexpr std::string_view kCostNamespace = "io.envoy.ai_gateway";

/// What an expression may use of a request.
struct CostFacts {
  std::string_view model;       // sent to the backend
  std::string_view backend;     // "NS/NAME/route/ROUTE/rule/2/ref/0"
  std::string_view route_name;  // "NS/NAME"
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_input_tokens = 0;
  std::uint64_t cache_creation_input_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t total_tokens = 0;
  std::uint64_t reasoning_tokens = 0;
};

/// A cost of type CEL: an expression over CostFacts, whose members are variables of the same names
/// (texts are string, numbers uint). Its value is int or uint and not negative.
class CostExpression {
 public:
  /// Fails with "LINE:COLUMN: ..." if it does not compile, is of another type, or fails for a
  /// request without tokens.
  static base::Result<CostExpression> compile(std::string_view source);

  /// Fails with "LINE:COLUMN: ..." where the expression does, or where its value is negative.
  [[nodiscard]] base::Result<std::uint64_t> evaluate(const CostFacts& facts) const;

 private:
  explicit CostExpression(cel::Program program) : program_(std::move(program)) {}
  cel::Program program_;
};

}  // namespace tollgate::dataplane::catalog
