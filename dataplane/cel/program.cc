#include "dataplane/cel/program.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "dataplane/cel/functions.h"
#include "dataplane/cel/parser.h"
#include "dataplane/cel/token.h"

namespace tollgate::dataplane::cel {

namespace {

constexpr std::size_t kBytesPerStep = 64;
constexpr std::uint64_t kStepsPerPattern = 200;

/// One evaluation. Errors travel as values, since && and || may make up for them; running out of
/// steps does not.
class Evaluator {
 public:
  Evaluator(const Tree& tree, std::span<const Value> values, std::uint64_t max_steps)
      : tree_(tree), values_(values), steps_(max_steps) {}

  using Evaluated = base::Result<Value>;

  Evaluated eval(NodeId id) {
    const Node& node = tree_.nodes[id];
    if (!spend(1)) return out_of_steps(node);
    switch (node.op) {
      case Op::kConstant:
        return node.constant;
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
      case Op::kNot:
      case Op::kNegate:
        return unary(node);
      case Op::kAll:
      case Op::kExists:
      case Op::kExistsOne:
        return quantifier(node);
      case Op::kFilter:
      case Op::kTransform:
        return transform(node);
      default:
        return binary(node);
    }
  }

 private:
  bool spend(std::uint64_t steps) {
    if (steps_ < steps) exhausted_ = true;
    steps_ -= std::min(steps, steps_);
    return !exhausted_;
  }
  bool spend_for(const Value& value) {
    std::size_t size = 0;
    if (const auto* text = value.as<std::string>()) size = text->size() / kBytesPerStep;
    if (const auto* bytes = value.as<Bytes>()) size = bytes->data.size() / kBytesPerStep;
    if (value.list() != nullptr) size = value.list()->size();
    if (value.map() != nullptr) size = value.map()->size();
    return spend(size);
  }
  /// Equality walks as deep as the smaller of two values.
  bool spend_deeply(const Value& value, std::size_t depth = 0) {
    if (!spend_for(value)) return false;
    if (depth == kMaxDepth) return spend(steps_ + 1);
    if (value.list() != nullptr) {
      for (const Value& element : *value.list()) {
        if (!spend_deeply(element, depth + 1)) return false;
      }
    }
    if (value.map() == nullptr) return true;
    if (!spend(value.map()->size() * value.map()->size())) return false;
    return std::all_of(value.map()->begin(), value.map()->end(),
                       [&](const auto& entry) { return spend_deeply(entry.second, depth + 1); });
  }

  [[nodiscard]] base::Error fail(const Node& node, std::string_view message) const {
    return error_at(tree_.source, node.offset, message);
  }
  [[nodiscard]] base::Error out_of_steps(const Node& node) const {
    base::Error error = fail(node, "the evaluation takes too many steps");
    error.code = base::Code::kLimitExceeded;
    return error;
  }
  Evaluated placed(const Node& node, Evaluated result) const {
    if (!result) return fail(node, result.error().detail);
    return result;
  }

  Evaluated variable(const Node& node) {
    if (node.slot >= tree_.variables) return locals_[node.slot - tree_.variables];
    if (node.slot >= values_.size()) return fail(node, "'" + node.name + "' has no value");
    return values_[node.slot];
  }

  Evaluated select(const Node& node) {
    TRY_ASSIGN(const Value of, eval(node.args[0]));
    if (of.map() == nullptr) {
      if (node.op == Op::kHas) return Value{false};
      return fail(node, no_overload(of).detail);
    }
    if (!spend_for(of)) return out_of_steps(node);
    const Value* found = find_entry(*of.map(), Value{node.name});
    if (node.op == Op::kHas) return Value{found != nullptr};
    if (found == nullptr) return fail(node, "there is no key \"" + node.name + "\"");
    return *found;
  }

  Evaluated index(const Node& node, const Value& of, const Value& key) {
    if (of.map() != nullptr) {
      if (!spend_for(of)) return out_of_steps(node);
      const Value* found = find_entry(*of.map(), key);
      if (found == nullptr) return fail(node, "there is no key " + to_text(key));
      return *found;
    }
    if (of.list() == nullptr) return fail(node, no_overload(of, key).detail);
    const auto at = list_index(key);
    if (!at) return fail(node, no_overload(of, key).detail);
    if (*at >= of.list()->size()) return fail(node, "there is no element " + to_text(key));
    return (*of.list())[*at];
  }

  /// Whole numbers of any type; below zero is beyond every list.
  static std::optional<std::size_t> list_index(const Value& key) {
    constexpr auto kBeyond = static_cast<std::size_t>(-1);
    if (const auto* number = key.as<std::int64_t>()) {
      return *number < 0 ? kBeyond : static_cast<std::size_t>(*number);
    }
    if (const auto* number = key.as<std::uint64_t>()) return static_cast<std::size_t>(*number);
    const auto* number = key.as<double>();
    if (number == nullptr || std::trunc(*number) != *number) return std::nullopt;
    return *number < 0 || *number > static_cast<double>(kMaxElements)
               ? kBeyond
               : static_cast<std::size_t>(*number);
  }

  Evaluated list(const Node& node) {
    List elements;
    for (const NodeId arg : node.args) {
      TRY_ASSIGN(elements.emplace_back(), eval(arg));
    }
    return make_list(std::move(elements));
  }

  Evaluated map(const Node& node) {
    Map entries;
    for (std::size_t i = 0; i < node.args.size(); i += 2) {
      TRY_ASSIGN(Value key, eval(node.args[i]));
      TRY_ASSIGN(Value value, eval(node.args[i + 1]));
      const Kind kind = key.kind();
      if (kind != Kind::kBool && kind != Kind::kInt && kind != Kind::kUint &&
          kind != Kind::kString) {
        return fail(tree_.nodes[node.args[i]], "this cannot be a key of a map");
      }
      if (!spend(entries.size())) return out_of_steps(node);
      if (find_entry(entries, key) != nullptr) {
        return fail(tree_.nodes[node.args[i]], "the key " + to_text(key) + " is there twice");
      }
      entries.emplace_back(std::move(key), std::move(value));
    }
    return make_map(std::move(entries));
  }

  /// One operand that decides outweighs errors of the others.
  Evaluated logical(const Node& node) {
    const bool deciding = node.op == Op::kOr;
    std::optional<base::Error> error;
    for (const NodeId arg : node.args) {
      Evaluated operand = eval(arg);
      if (exhausted_) return out_of_steps(node);
      if (operand && operand->kind() != Kind::kBool) {
        operand = fail(tree_.nodes[arg], no_overload(*operand).detail);
      }
      if (operand) {
        if (*operand->as<bool>() == deciding) return Value{deciding};
      } else if (!error) {
        error = std::move(operand).error();
      }
    }
    if (error) return *std::move(error);
    return Value{!deciding};
  }

  Evaluated conditional(const Node& node) {
    TRY_ASSIGN(const Value condition, eval(node.args[0]));
    const bool* yes = condition.as<bool>();
    if (yes == nullptr) return fail(node, no_overload(condition).detail);
    return eval(node.args[*yes ? 1 : 2]);
  }

  Evaluated unary(const Node& node) {
    TRY_ASSIGN(const Value value, eval(node.args[0]));
    if (node.op == Op::kNegate) return placed(node, negate(value));
    const bool* boolean = value.as<bool>();
    if (boolean == nullptr) return fail(node, no_overload(value).detail);
    return Value{!*boolean};
  }

  Evaluated binary(const Node& node) {
    TRY_ASSIGN(const Value a, eval(node.args[0]));
    TRY_ASSIGN(const Value b, eval(node.args[1]));
    switch (node.op) {
      case Op::kEqual:
      case Op::kNotEqual:
        if (!spend_deeply(a)) return out_of_steps(node);
        return Value{equal(a, b) == (node.op == Op::kEqual)};
      case Op::kIn:
        return contains(node, a, b);
      case Op::kIndex:
        return index(node, a, b);
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return order(node, a, b);
      default:
        if (!spend_for(a) || !spend_for(b)) return out_of_steps(node);
        return placed(node, arithmetic(node.op, a, b));
    }
  }

  Evaluated order(const Node& node, const Value& a, const Value& b) {
    if (!comparable(a, b)) return fail(node, no_overload(a, b).detail);
    if (!spend_for(a)) return out_of_steps(node);
    const Order found = compare(a, b);
    switch (node.op) {
      case Op::kLess:
        return Value{found == Order::kLess};
      case Op::kLessEqual:
        return Value{found == Order::kLess || found == Order::kEqual};
      case Op::kGreater:
        return Value{found == Order::kGreater};
      default:
        return Value{found == Order::kGreater || found == Order::kEqual};
    }
  }

  Evaluated contains(const Node& node, const Value& element, const Value& container) {
    if (!spend_for(container)) return out_of_steps(node);
    if (container.map() != nullptr) return Value{find_entry(*container.map(), element) != nullptr};
    if (container.list() == nullptr) return fail(node, no_overload(element, container).detail);
    for (const Value& candidate : *container.list()) {
      if (!spend_deeply(candidate)) return out_of_steps(node);
      if (equal(candidate, element)) return Value{true};
    }
    return Value{false};
  }

  Evaluated call(const Node& node) {
    TRY_ASSIGN(const Value a, eval(node.args[0]));
    if (!spend_for(a)) return out_of_steps(node);
    switch (node.function) {
      case Function::kSize:
        return placed(node, size_of(a));
      case Function::kMatches:
        return match(node, a);
      case Function::kContains:
      case Function::kStartsWith:
      case Function::kEndsWith: {
        TRY_ASSIGN(const Value b, eval(node.args[1]));
        return placed(node, search(node.function, a, b));
      }
      default:
        return placed(node, convert(node.function, a));
    }
  }

  Evaluated match(const Node& node, const Value& text) {
    TRY_ASSIGN(const Value given, eval(node.args[1]));
    if (text.kind() != Kind::kString || given.kind() != Kind::kString) {
      return fail(node, no_overload(text, given).detail);
    }
    Pattern pattern = node.pattern;
    if (pattern == nullptr) {
      if (!spend(kStepsPerPattern)) return out_of_steps(node);
      auto compiled = compile_pattern(*given.as<std::string>());
      if (!compiled) return fail(node, compiled.error().detail);
      pattern = *std::move(compiled);
    }
    return Value{matches(*pattern, *text.as<std::string>())};
  }

  /// The elements that a macro goes over: those of a list, the keys of a map.
  Evaluated range_of(const Node& node, List& out) {
    TRY_ASSIGN(Value range, eval(node.args[0]));
    if (!spend_for(range)) return out_of_steps(node);
    if (range.map() != nullptr) {
      for (const auto& [key, value] : *range.map()) out.push_back(key);
    } else if (range.list() != nullptr) {
      out = *range.list();
    } else {
      return fail(node, no_overload(range).detail);
    }
    return range;
  }

  Evaluated eval_with(const Value& element, NodeId body) {
    locals_.push_back(element);
    Evaluated result = eval(body);
    locals_.pop_back();
    return result;
  }

  /// all and exists: one element that decides outweighs errors of the others; exists_one does not.
  Evaluated quantifier(const Node& node) {
    List elements;
    TRY(range_of(node, elements));
    const bool deciding = node.op == Op::kExists;
    std::optional<base::Error> error;
    std::size_t count = 0;
    for (const Value& element : elements) {
      Evaluated result = eval_with(element, node.args[1]);
      if (exhausted_) return out_of_steps(node);
      if (result && result->kind() != Kind::kBool) {
        result = fail(tree_.nodes[node.args[1]], no_overload(*result).detail);
      }
      if (!result) {
        if (node.op == Op::kExistsOne) return result;
        if (!error) error = std::move(result).error();
        continue;
      }
      const bool yes = *result->as<bool>();
      if (yes) ++count;
      if (node.op != Op::kExistsOne && yes == deciding) return Value{deciding};
    }
    if (error) return *std::move(error);
    return Value{node.op == Op::kExistsOne ? count == 1 : !deciding};
  }

  Evaluated transform(const Node& node) {
    List elements;
    TRY(range_of(node, elements));
    const bool filtered = node.op == Op::kFilter || node.args.size() == 3;
    List out;
    for (const Value& element : elements) {
      if (filtered) {
        TRY_ASSIGN(const Value kept, eval_with(element, node.args[1]));
        const bool* yes = kept.as<bool>();
        if (yes == nullptr) return fail(tree_.nodes[node.args[1]], no_overload(kept).detail);
        if (!*yes) continue;
      }
      if (node.op == Op::kFilter) {
        out.push_back(element);
      } else {
        TRY_ASSIGN(out.emplace_back(), eval_with(element, node.args.back()));
      }
    }
    return make_list(std::move(out));
  }

  const Tree& tree_;
  std::span<const Value> values_;
  std::uint64_t steps_;
  bool exhausted_ = false;
  std::vector<Value> locals_;
};

}  // namespace

const Type& Program::type() const {
  return tree_->root().type;
}

base::Result<Value> Program::evaluate(std::span<const Value> values,
                                      std::uint64_t max_steps) const {
  Evaluator evaluator(*tree_, values, max_steps);
  return evaluator.eval(static_cast<NodeId>(tree_->nodes.size() - 1));
}

base::Result<Program> compile(std::string_view source, std::span<const Variable> variables) {
  TRY_ASSIGN(Tree tree, parse(source));
  TRY(check(tree, variables));
  return Program(std::make_shared<const Tree>(std::move(tree)));
}

}  // namespace tollgate::dataplane::cel
