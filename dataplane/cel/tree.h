#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/cel/type.h"
#include "dataplane/cel/value.h"

namespace re2 {
class RE2;
}

namespace tollgate::dataplane::cel {

enum class Op : std::uint8_t {
  kConstant,
  kVariable,
  kSelect,  // args[0].name
  kHas,     // has(args[0].name)
  kIndex,
  kCall,  // a function by name; the receiver is args[0]
  kList,
  kMap,  // args: key, value, key, value ...
  kNot,
  kNegate,
  kAnd,  // two args or more
  kOr,   // two args or more
  kConditional,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  // Macros: args[0] is the range, `name` the variable, the last argument what is done with it.
  kAll,
  kExists,
  kExistsOne,
  kFilter,
  kTransform,  // map(): a filter may stand between range and transform
};

enum class Function : std::uint8_t {
  kNone,
  kSize,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kToInt,
  kToUint,
  kToDouble,
  kToString,
  kToBool,
  kToBytes,
  kToDyn,
};

using NodeId = std::uint32_t;

struct Node {
  Op op = Op::kConstant;
  std::size_t offset = 0;  // in the source
  std::size_t depth = 1;   // of the tree below, this node included
  std::vector<NodeId> args;
  std::string name;
  bool method = false;  // a call with a receiver
  Value constant;
  // Found by the checker.
  Type type;
  Function function = Function::kNone;
  std::size_t slot = 0;                     // of variables: declared ones, then those of macros
  std::shared_ptr<const re2::RE2> pattern;  // kMatches with a constant pattern
};

/// An expression, parsed. Nodes come after their arguments; the last one is the root.
struct Tree {
  std::string source;
  std::vector<Node> nodes;
  std::size_t variables = 0;  // declared ones
  [[nodiscard]] const Node& root() const { return nodes.back(); }
};

}  // namespace tollgate::dataplane::cel
