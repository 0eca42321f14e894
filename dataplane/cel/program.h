#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/cel/checker.h"
#include "dataplane/cel/limits.h"
#include "dataplane/cel/value.h"

namespace tollgate::dataplane::cel {

/// An expression of the Common Expression Language, checked and ready to be evaluated; cheap to
/// copy, used by any number of threads.
class Program {
 public:
  [[nodiscard]] const Type& type() const;
  /// `values` are those of the declared variables, in their order. Costs at most `max_steps`: a
  /// step is a node, an element or some bytes of a text. An error's detail begins with
  /// "LINE:COLUMN: ".
  [[nodiscard]] base::Result<Value> evaluate(std::span<const Value> values,
                                             std::uint64_t max_steps = kMaxSteps) const;

 private:
  friend base::Result<Program> compile(std::string_view, std::span<const Variable>);
  explicit Program(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

/// Parses and checks. An error's detail begins with "LINE:COLUMN: ".
base::Result<Program> compile(std::string_view source, std::span<const Variable> variables);

}  // namespace tollgate::dataplane::cel
