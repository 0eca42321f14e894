#pragma once

#include <span>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/cel/tree.h"

namespace tollgate::dataplane::cel {

/// A variable that the caller supplies.
struct Variable {
  std::string name;
  Type type;
};

/// Finds out what every name and call in `tree` stands for and of what type it is, and compiles
/// constant patterns. An error's detail begins with "LINE:COLUMN: ".
base::Status check(Tree& tree, std::span<const Variable> variables);

}  // namespace tollgate::dataplane::cel
