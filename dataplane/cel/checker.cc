#include "dataplane/cel/checker.h"

#include <algorithm>

#include "dataplane/cel/functions.h"
#include "dataplane/cel/token.h"

namespace tollgate::dataplane::cel {

namespace {

constexpr auto kNull = Kind::kNull;
constexpr auto kBool = Kind::kBool;
constexpr auto kInt = Kind::kInt;
constexpr auto kUint = Kind::kUint;
constexpr auto kDouble = Kind::kDouble;
constexpr auto kString = Kind::kString;
constexpr auto kBytes = Kind::kBytes;
constexpr auto kList = Kind::kList;
constexpr auto kMap = Kind::kMap;
constexpr auto kDyn = Kind::kDyn;

/// kNone stands for no second argument.
constexpr auto kNone = kNull;

/// One form of an operator.
struct OpRow {
  Op op;
  Kind a;
  Kind b;
  Kind result;
};
constexpr OpRow kOps[] = {
    {Op::kNegate, kInt, kNone, kInt},
    {Op::kNegate, kDouble, kNone, kDouble},
    {Op::kNot, kBool, kNone, kBool},
    {Op::kAdd, kInt, kInt, kInt},
    {Op::kAdd, kUint, kUint, kUint},
    {Op::kAdd, kDouble, kDouble, kDouble},
    {Op::kAdd, kString, kString, kString},
    {Op::kAdd, kBytes, kBytes, kBytes},
    {Op::kAdd, kList, kList, kList},
    {Op::kSubtract, kInt, kInt, kInt},
    {Op::kSubtract, kUint, kUint, kUint},
    {Op::kSubtract, kDouble, kDouble, kDouble},
    {Op::kMultiply, kInt, kInt, kInt},
    {Op::kMultiply, kUint, kUint, kUint},
    {Op::kMultiply, kDouble, kDouble, kDouble},
    {Op::kDivide, kInt, kInt, kInt},
    {Op::kDivide, kUint, kUint, kUint},
    {Op::kDivide, kDouble, kDouble, kDouble},
    {Op::kModulo, kInt, kInt, kInt},
    {Op::kModulo, kUint, kUint, kUint},
    {Op::kLess, kBool, kBool, kBool},
    {Op::kLess, kInt, kInt, kBool},
    {Op::kLess, kUint, kUint, kBool},
    {Op::kLess, kDouble, kDouble, kBool},
    {Op::kLess, kString, kString, kBool},
    {Op::kLess, kBytes, kBytes, kBool},
    {Op::kIndex, kList, kInt, kDyn},
};

/// One form of a function. `list_or_map` etc. are rows of their own.
struct FunctionRow {
  std::string_view name;
  Function function;
  bool method;
  Kind a;
  Kind b;
  Kind result;
};
constexpr FunctionRow kFunctions[] = {
    {"size", Function::kSize, false, kString, kNone, kInt},
    {"size", Function::kSize, false, kBytes, kNone, kInt},
    {"size", Function::kSize, false, kList, kNone, kInt},
    {"size", Function::kSize, false, kMap, kNone, kInt},
    {"size", Function::kSize, true, kString, kNone, kInt},
    {"size", Function::kSize, true, kBytes, kNone, kInt},
    {"size", Function::kSize, true, kList, kNone, kInt},
    {"size", Function::kSize, true, kMap, kNone, kInt},
    {"contains", Function::kContains, true, kString, kString, kBool},
    {"startsWith", Function::kStartsWith, true, kString, kString, kBool},
    {"endsWith", Function::kEndsWith, true, kString, kString, kBool},
    {"matches", Function::kMatches, true, kString, kString, kBool},
    {"matches", Function::kMatches, false, kString, kString, kBool},
    {"int", Function::kToInt, false, kInt, kNone, kInt},
    {"int", Function::kToInt, false, kUint, kNone, kInt},
    {"int", Function::kToInt, false, kDouble, kNone, kInt},
    {"int", Function::kToInt, false, kString, kNone, kInt},
    {"uint", Function::kToUint, false, kInt, kNone, kUint},
    {"uint", Function::kToUint, false, kUint, kNone, kUint},
    {"uint", Function::kToUint, false, kDouble, kNone, kUint},
    {"uint", Function::kToUint, false, kString, kNone, kUint},
    {"double", Function::kToDouble, false, kInt, kNone, kDouble},
    {"double", Function::kToDouble, false, kUint, kNone, kDouble},
    {"double", Function::kToDouble, false, kDouble, kNone, kDouble},
    {"double", Function::kToDouble, false, kString, kNone, kDouble},
    {"string", Function::kToString, false, kBool, kNone, kString},
    {"string", Function::kToString, false, kInt, kNone, kString},
    {"string", Function::kToString, false, kUint, kNone, kString},
    {"string", Function::kToString, false, kDouble, kNone, kString},
    {"string", Function::kToString, false, kString, kNone, kString},
    {"string", Function::kToString, false, kBytes, kNone, kString},
    {"bool", Function::kToBool, false, kBool, kNone, kBool},
    {"bool", Function::kToBool, false, kString, kNone, kBool},
    {"bytes", Function::kToBytes, false, kString, kNone, kBytes},
    {"bytes", Function::kToBytes, false, kBytes, kNone, kBytes},
    {"dyn", Function::kToDyn, false, kDyn, kNone, kDyn},
};

std::string_view sign_of(Op op) {
  switch (op) {
    case Op::kNegate:
    case Op::kSubtract:
      return "-";
    case Op::kNot:
      return "!";
    case Op::kAdd:
      return "+";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kModulo:
      return "%";
    case Op::kIndex:
      return "[]";
    default:
      return "<, <=, > or >=";
  }
}

class Checker {
 public:
  Checker(Tree& tree, std::span<const Variable> variables) : tree_(tree) {
    for (const Variable& variable : variables) scope_.push_back({variable.name, variable.type});
    tree_.variables = scope_.size();
  }

  base::Status run() { return visit(static_cast<NodeId>(tree_.nodes.size() - 1)); }

 private:
  [[nodiscard]] base::Error fail(const Node& node, const std::string& message) const {
    return error_at(tree_.source, node.offset, message);
  }
  [[nodiscard]] const Type& type_of(const Node& node, std::size_t arg) const {
    return tree_.nodes[node.args[arg]].type;
  }

  base::Status visit(NodeId id) {
    Node& node = tree_.nodes[id];
    if (is_macro(node.op)) return macro(node);
    for (const NodeId arg : node.args) TRY(visit(arg));
    switch (node.op) {
      case Op::kConstant:
        node.type = {node.constant.kind(), {}};
        return {};
      case Op::kVariable:
        return variable(node);
      case Op::kSelect:
      case Op::kHas:
        return select(node);
      case Op::kCall:
        return call(node);
      case Op::kList:
        return list(node);
      case Op::kMap:
        return map(node);
      case Op::kAnd:
      case Op::kOr:
        return logical(node);
      case Op::kConditional:
        return conditional(node);
      case Op::kEqual:
      case Op::kNotEqual:
        return equality(node);
      case Op::kIn:
        return in(node);
      default:
        return operation(node);
    }
  }

  static bool is_macro(Op op) {
    return op == Op::kAll || op == Op::kExists || op == Op::kExistsOne || op == Op::kFilter ||
           op == Op::kTransform;
  }

  base::Status variable(Node& node) {
    // The innermost of one name.
    for (std::size_t i = scope_.size(); i-- > 0;) {
      if (scope_[i].name != node.name) continue;
      node.slot = i;
      node.type = scope_[i].type;
      return {};
    }
    return fail(node, "unknown variable '" + node.name + "'");
  }

  base::Status select(Node& node) {
    const Type& of = type_of(node, 0);
    if (of.kind != kDyn && (of.kind != kMap || !compatible(of.of[0], {kString, {}}))) {
      return fail(node, to_string(of) + " has no fields");
    }
    const Type field = of.kind == kMap ? of.of[1] : Type{};
    node.type = node.op == Op::kHas ? Type{kBool, {}} : field;
    return {};
  }

  base::Status list(Node& node) {
    Type element;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      element = i == 0 ? type_of(node, 0) : common(element, type_of(node, i));
    }
    node.type = Type::list(element);
    return {};
  }

  base::Status map(Node& node) {
    Type key;
    Type value;
    for (std::size_t i = 0; i < node.args.size(); i += 2) {
      const Kind kind = type_of(node, i).kind;
      const bool possible =
          kind == kBool || kind == kInt || kind == kUint || kind == kString || kind == kDyn;
      if (!possible) {
        return fail(tree_.nodes[node.args[i]], "a key of a map is bool, int, uint or string, not " +
                                                   to_string(type_of(node, i)));
      }
      key = i == 0 ? type_of(node, 0) : common(key, type_of(node, i));
      value = i == 0 ? type_of(node, 1) : common(value, type_of(node, i + 1));
    }
    node.type = Type::map(key, value);
    return {};
  }

  base::Status logical(Node& node) {
    for (const NodeId arg : node.args) {
      const Node& operand = tree_.nodes[arg];
      if (operand.type.kind == kBool || operand.type.kind == kDyn) continue;
      return fail(operand, std::string(node.op == Op::kAnd ? "&&" : "||") + " needs bool, not " +
                               to_string(operand.type));
    }
    node.type = {kBool, {}};
    return {};
  }

  base::Status conditional(Node& node) {
    const Type& condition = type_of(node, 0);
    if (condition.kind != kBool && condition.kind != kDyn) {
      return fail(node, "the condition is " + to_string(condition) + ", not bool");
    }
    if (!compatible(type_of(node, 1), type_of(node, 2))) {
      return fail(node, "the two sides of ':' are " + to_string(type_of(node, 1)) + " and " +
                            to_string(type_of(node, 2)));
    }
    node.type = common(type_of(node, 1), type_of(node, 2));
    return {};
  }

  base::Status equality(Node& node) {
    if (!compatible(type_of(node, 0), type_of(node, 1))) {
      return fail(node, to_string(type_of(node, 0)) + " and " + to_string(type_of(node, 1)) +
                            " cannot be compared" + hint(type_of(node, 0), type_of(node, 1)));
    }
    node.type = {kBool, {}};
    return {};
  }

  base::Status in(Node& node) {
    const Type& element = type_of(node, 0);
    const Type& container = type_of(node, 1);
    const bool holds = container.kind == kList || container.kind == kMap;
    if (!holds && container.kind != kDyn) {
      return fail(node, "'in' needs a list or map, not " + to_string(container));
    }
    if (holds && !compatible(element, container.of[0])) {
      return fail(node, to_string(element) + " cannot be in " + to_string(container));
    }
    node.type = {kBool, {}};
    return {};
  }

  /// What to write where numbers of different types meet.
  static std::string hint(const Type& a, const Type& b) {
    const auto is = [&](Kind x, Kind y) {
      return (a.kind == x && b.kind == y) || (a.kind == y && b.kind == x);
    };
    if (is(kUint, kInt)) return "; write numbers of type uint with a u, such as 6u";
    if (is(kUint, kDouble) || is(kInt, kDouble))
      return "; convert one with double(), int() or uint()";
    return {};
  }

  /// The forms for <, <=, > and >= are one.
  static Op form_of(Op op) {
    const bool order = op == Op::kLessEqual || op == Op::kGreater || op == Op::kGreaterEqual;
    return order ? Op::kLess : op;
  }

  base::Status operation(Node& node) {
    const Type a = type_of(node, 0);
    const Type b = node.args.size() > 1 ? type_of(node, 1) : Type{kNone, {}};
    if (node.op == Op::kIndex && a.kind == kMap) {
      if (!compatible(a.of[0], b)) {
        return fail(node, to_string(a) + " has no key of type " + to_string(b));
      }
      node.type = a.of[1];
      return {};
    }
    if (node.op == Op::kIndex && a.kind == kDyn) return {};
    std::vector<Kind> results;
    for (const OpRow& row : kOps) {
      if (row.op != form_of(node.op)) continue;
      if ((a.kind != row.a && a.kind != kDyn) || (b.kind != row.b && b.kind != kDyn)) continue;
      if (std::find(results.begin(), results.end(), row.result) == results.end()) {
        results.push_back(row.result);
      }
    }
    if (results.empty() || (a.kind == kList && b.kind == kList && !compatible(a, b))) {
      const std::string with = node.args.size() > 1 ? " and " + to_string(b) : "";
      return fail(node, "there is no " + std::string(sign_of(node.op)) + " for " + to_string(a) +
                            with + hint(a, b));
    }
    node.type = results.size() == 1 ? Type{results[0], {}} : Type{};
    if (node.op == Op::kIndex) node.type = a.of[0];
    if (node.type.kind == kList) {
      node.type = a.kind == kList && b.kind == kList ? common(a, b) : Type::list({});
    }
    return {};
  }

  base::Status call(Node& node) {
    bool known = false;
    std::string given;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      given += (i == 0 ? "" : ", ") + to_string(type_of(node, i));
    }
    for (const FunctionRow& row : kFunctions) {
      if (row.name != node.name) continue;
      known = true;
      if (row.method != node.method || !takes(row, node)) continue;
      node.function = row.function;
      node.type = {row.result, {}};
      return row.function == Function::kMatches ? pattern(node) : base::Status();
    }
    if (!known) return fail(node, "unknown function '" + node.name + "'");
    return fail(node, "there is no " + node.name + " for (" + given + ")");
  }

  [[nodiscard]] bool takes(const FunctionRow& row, const Node& node) const {
    const std::size_t wanted = row.b == kNone ? 1 : 2;
    if (node.args.size() != wanted) return false;
    const auto fits = [](Kind want, Kind have) {
      return want == have || want == kDyn || have == kDyn;
    };
    return fits(row.a, type_of(node, 0).kind) &&
           (wanted == 1 || fits(row.b, type_of(node, 1).kind));
  }

  base::Status pattern(Node& node) {
    const Node& text = tree_.nodes[node.args[1]];
    if (text.op != Op::kConstant) return {};
    auto compiled = compile_pattern(*text.constant.as<std::string>());
    if (!compiled) return fail(text, compiled.error().detail);
    node.pattern = std::move(*compiled);
    return {};
  }

  base::Status macro(Node& node) {
    TRY(visit(node.args[0]));
    const Type range = type_of(node, 0);
    if (range.kind != kList && range.kind != kMap && range.kind != kDyn) {
      return fail(node, "this macro needs a list or map, not " + to_string(range));
    }
    node.slot = scope_.size();
    scope_.push_back({node.name, range.kind == kDyn ? Type{} : range.of[0]});
    for (std::size_t i = 1; i < node.args.size(); ++i) TRY(visit(node.args[i]));
    scope_.pop_back();
    const std::size_t conditions = node.op == Op::kTransform ? node.args.size() - 1 : 2;
    for (std::size_t i = 1; i < conditions; ++i) {
      const Node& condition = tree_.nodes[node.args[i]];
      if (condition.type.kind == kBool || condition.type.kind == kDyn) continue;
      return fail(condition, "the condition is " + to_string(condition.type) + ", not bool");
    }
    if (node.op == Op::kTransform) {
      node.type = Type::list(tree_.nodes[node.args.back()].type);
    } else if (node.op == Op::kFilter) {
      node.type = Type::list(range.kind == kDyn ? Type{} : range.of[0]);
    } else {
      node.type = {kBool, {}};
    }
    return {};
  }

  struct Name {
    std::string name;
    Type type;
  };

  Tree& tree_;
  std::vector<Name> scope_;
};

}  // namespace

base::Status check(Tree& tree, std::span<const Variable> variables) {
  return Checker(tree, variables).run();
}

}  // namespace tollgate::dataplane::cel
