#include "dataplane/cel/parser.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "dataplane/cel/limits.h"
#include "dataplane/cel/token.h"

namespace tollgate::dataplane::cel {

namespace {

struct BinaryRow {
  std::string_view sign;
  Op op;
  int level;  // higher binds tighter
};
constexpr BinaryRow kBinary[] = {
    {"||", Op::kOr, 1},       {"&&", Op::kAnd, 2},          {"==", Op::kEqual, 3},
    {"!=", Op::kNotEqual, 3}, {"<", Op::kLess, 3},          {"<=", Op::kLessEqual, 3},
    {">", Op::kGreater, 3},   {">=", Op::kGreaterEqual, 3}, {"in", Op::kIn, 3},
    {"+", Op::kAdd, 4},       {"-", Op::kSubtract, 4},      {"*", Op::kMultiply, 5},
    {"/", Op::kDivide, 5},    {"%", Op::kModulo, 5}};

struct MacroRow {
  std::string_view name;
  Op op;
  std::size_t args;  // without the range
};
constexpr MacroRow kMacros[] = {
    {"all", Op::kAll, 2},       {"exists", Op::kExists, 2}, {"exists_one", Op::kExistsOne, 2},
    {"filter", Op::kFilter, 2}, {"map", Op::kTransform, 2}, {"map", Op::kTransform, 3}};

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens) : tokens_(std::move(tokens)) {
    tree_.source = source;
  }

  base::Result<Tree> run() {
    TRY(expression());
    if (now().type != TokenType::kEnd) return fail(now().offset, "the expression ends before this");
    return std::move(tree_);
  }

 private:
  using Parsed = base::Result<NodeId>;

  [[nodiscard]] const Token& now() const { return tokens_[at_]; }
  [[nodiscard]] bool at_sign(std::string_view sign) const {
    return now().type == TokenType::kSign && now().text == sign;
  }
  bool take_sign(std::string_view sign) {
    if (!at_sign(sign)) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] base::Error fail(std::size_t offset, std::string_view message) const {
    return error_at(tree_.source, offset, message);
  }
  base::Status expect(std::string_view sign) {
    if (take_sign(sign)) return {};
    return fail(now().offset, "expected '" + std::string(sign) + "'");
  }

  Parsed add(Node node) {
    for (const NodeId arg : node.args) {
      node.depth = std::max(node.depth, tree_.nodes[arg].depth + 1);
    }
    if (node.depth > kMaxDepth) return fail(node.offset, "the expression is nested too deeply");
    if (tree_.nodes.size() == kMaxNodes) return fail(node.offset, "the expression is too long");
    tree_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(tree_.nodes.size() - 1);
  }
  Parsed add(Op op, std::size_t offset, std::vector<NodeId> args) {
    Node node;
    node.op = op;
    node.offset = offset;
    node.args = std::move(args);
    return add(std::move(node));
  }

  Parsed expression() {
    if (++nesting_ > kMaxDepth) return fail(now().offset, "the expression is nested too deeply");
    TRY_ASSIGN(const NodeId condition, binary(1));
    Parsed result = condition;
    const std::size_t offset = now().offset;
    if (take_sign("?")) {
      TRY_ASSIGN(const NodeId yes, binary(1));
      TRY(expect(":"));
      TRY_ASSIGN(const NodeId no, expression());
      result = add(Op::kConditional, offset, {condition, yes, no});
    }
    --nesting_;
    return result;
  }

  [[nodiscard]] const BinaryRow* binary_here() const {
    if (now().type != TokenType::kSign && now().type != TokenType::kName) return nullptr;
    for (const BinaryRow& row : kBinary) {
      if (row.sign == now().text) return &row;
    }
    return nullptr;
  }

  Parsed binary(int level) {
    TRY_ASSIGN(NodeId left, unary());
    while (const BinaryRow* row = binary_here()) {
      if (row->level < level) break;
      const std::size_t offset = now().offset;
      ++at_;
      TRY_ASSIGN(const NodeId right, binary(row->level + 1));
      // Chains of && and || are one node, so that they may be long.
      const bool chain = (row->op == Op::kAnd || row->op == Op::kOr) &&
                         tree_.nodes[left].op == row->op && chains_.contains(left);
      if (chain) {
        TRY_ASSIGN(left, extend(left, right));
        continue;
      }
      TRY_ASSIGN(left, add(row->op, offset, {left, right}));
      if (row->op == Op::kAnd || row->op == Op::kOr) chains_.insert(left);
    }
    return left;
  }

  /// The chain with one more argument, as the newest node: arguments stand before their users.
  Parsed extend(NodeId chain, NodeId right) {
    Node node = std::move(tree_.nodes[chain]);
    tree_.nodes[chain] = Node();
    node.args.push_back(right);
    node.depth = 1;
    chains_.erase(chain);
    TRY_ASSIGN(const NodeId id, add(std::move(node)));
    chains_.insert(id);
    return id;
  }

  Parsed unary() {
    const std::size_t offset = now().offset;
    std::size_t count = 0;
    if (at_sign("!")) {
      while (take_sign("!")) ++count;
      TRY_ASSIGN(NodeId node, member());
      for (; count > 0; --count) {
        TRY_ASSIGN(node, add(Op::kNot, offset, {node}));
      }
      return node;
    }
    while (at_sign("-") && !negative_number_here()) {
      ++at_;
      ++count;
    }
    TRY_ASSIGN(NodeId node, member());
    for (; count > 0; --count) {
      TRY_ASSIGN(node, add(Op::kNegate, offset, {node}));
    }
    return node;
  }

  [[nodiscard]] bool negative_number_here() const {
    if (!at_sign("-")) return false;
    const Token& next = tokens_[at_ + 1];  // the end at least
    return next.type == TokenType::kLiteral &&
           (next.value.kind() == Kind::kInt || next.value.kind() == Kind::kDouble);
  }

  Parsed member() {
    TRY_ASSIGN(NodeId node, primary());
    while (true) {
      const std::size_t offset = now().offset;
      if (take_sign(".")) {
        if (now().type != TokenType::kName) return fail(now().offset, "expected a name after '.'");
        const Token name = now();
        ++at_;
        if (at_sign("(")) {
          TRY_ASSIGN(node, call(name, node));
        } else {
          TRY_ASSIGN(node, select(node, name, offset));
        }
      } else if (take_sign("[")) {
        TRY_ASSIGN(const NodeId index, expression());
        TRY(expect("]"));
        TRY_ASSIGN(node, add(Op::kIndex, offset, {node, index}));
      } else {
        return node;
      }
    }
  }

  Parsed select(NodeId of, const Token& name, std::size_t offset) {
    Node node;
    node.op = Op::kSelect;
    node.offset = offset;
    node.args = {of};
    node.name = name.text;
    return add(std::move(node));
  }

  /// Separated by commas, up to `end`, which is taken. A comma may stand before `end` in literals.
  base::Result<std::vector<NodeId>> list_until(std::string_view end, bool literal) {
    std::vector<NodeId> out;
    while (!take_sign(end)) {
      if (!out.empty()) {
        TRY(expect(","));
        if (literal && take_sign(end)) break;
      }
      TRY_ASSIGN(const NodeId element, expression());
      out.push_back(element);
    }
    return out;
  }

  Parsed call(const Token& name, std::optional<NodeId> receiver) {
    TRY(expect("("));
    TRY_ASSIGN(std::vector<NodeId> args, list_until(")", false));
    if (!receiver && name.text == "has") return has(name, args);
    Node node;
    node.offset = name.offset;
    if (receiver) {
      for (const MacroRow& row : kMacros) {
        if (row.name == name.text && row.args == args.size()) {
          return macro(row.op, name, *receiver, args);
        }
      }
      args.insert(args.begin(), *receiver);
    }
    node.op = Op::kCall;
    node.args = std::move(args);
    node.name = name.text;
    node.method = receiver.has_value();
    return add(std::move(node));
  }

  Parsed has(const Token& name, const std::vector<NodeId>& args) {
    if (args.size() != 1 || tree_.nodes[args[0]].op != Op::kSelect) {
      return fail(name.offset, "has() takes a field, as in has(a.b)");
    }
    Node node = tree_.nodes[args[0]];
    node.op = Op::kHas;
    node.offset = name.offset;
    node.depth = 1;
    return add(std::move(node));
  }

  Parsed macro(Op op, const Token& name, NodeId range, const std::vector<NodeId>& args) {
    const Node& variable = tree_.nodes[args[0]];
    if (variable.op != Op::kVariable) {
      return fail(variable.offset, "the first argument of this macro is the name of a variable");
    }
    Node node;
    node.op = op;
    node.offset = name.offset;
    node.name = variable.name;
    node.args = {range};
    node.args.insert(node.args.end(), args.begin() + 1, args.end());
    return add(std::move(node));
  }

  Parsed constant(Value value, std::size_t offset) {
    Node node;
    node.offset = offset;
    node.constant = std::move(value);
    return add(std::move(node));
  }

  Parsed primary() {
    const Token token = now();
    if (token.type == TokenType::kLiteral || negative_number_here()) return number_or_text();
    if (take_sign("(")) {
      TRY_ASSIGN(const NodeId inner, expression());
      TRY(expect(")"));
      chains_.erase(inner);
      return inner;
    }
    if (take_sign("[")) {
      TRY_ASSIGN(std::vector<NodeId> elements, list_until("]", true));
      return add(Op::kList, token.offset, std::move(elements));
    }
    if (take_sign("{")) return map_literal(token.offset);
    take_sign(".");  // a name from the root, where all names are
    if (now().type != TokenType::kName) {
      return fail(now().offset, now().type == TokenType::kEnd ? "the expression is not complete"
                                                              : "expected a value");
    }
    return named(now());
  }

  Parsed number_or_text() {
    const std::size_t offset = now().offset;
    const bool negative = take_sign("-");
    const Token& token = now();
    if (token.only_negative && !negative) return fail(offset, "the number is out of range");
    Value value = token.value;
    if (negative) {
      if (const auto* real = value.as<double>()) value.data = -*real;
      if (token.only_negative) {
        value.data = std::numeric_limits<std::int64_t>::min();
      } else if (const auto* whole = value.as<std::int64_t>()) {
        value.data = -*whole;
      }
    }
    ++at_;
    return constant(std::move(value), offset);
  }

  Parsed named(const Token& name) {
    ++at_;
    if (name.text == "true" || name.text == "false") {
      return constant({name.text == "true"}, name.offset);
    }
    if (name.text == "null") return constant({}, name.offset);
    if (is_reserved(name.text)) {
      return fail(name.offset, "'" + std::string(name.text) + "' is a reserved word");
    }
    if (at_sign("(")) return call(name, std::nullopt);
    Node node;
    node.op = Op::kVariable;
    node.offset = name.offset;
    node.name = name.text;
    return add(std::move(node));
  }

  Parsed map_literal(std::size_t offset) {
    std::vector<NodeId> args;
    while (!take_sign("}")) {
      if (!args.empty()) {
        TRY(expect(","));
        if (take_sign("}")) break;
      }
      TRY_ASSIGN(const NodeId key, expression());
      TRY(expect(":"));
      TRY_ASSIGN(const NodeId value, expression());
      args.push_back(key);
      args.push_back(value);
    }
    return add(Op::kMap, offset, std::move(args));
  }

  Tree tree_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t nesting_ = 0;
  std::set<NodeId> chains_;  // && and || that are not in parentheses
};

}  // namespace

base::Result<Tree> parse(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    return base::config_error(base::Code::kLimitExceeded, "1:1: the expression is too long");
  }
  TRY_ASSIGN(std::vector<Token> tokens, tokenize(source));
  return Parser(source, std::move(tokens)).run();
}

}  // namespace tollgate::dataplane::cel
