#include "dataplane/cel/functions.h"

#include <re2/re2.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "dataplane/cel/limits.h"

namespace tollgate::dataplane::cel {

namespace {

base::Error fault(std::string message) {
  return base::config_error(base::Code::kInvalidArgument, std::move(message));
}

template <typename T>
Value value_of(T value) {
  return Value{Value::Data(std::in_place_type<T>, std::move(value))};
}

template <typename I>
base::Result<Value> whole(Op op, I a, I b) {
  I result = 0;
  bool overflow = false;
  switch (op) {
    case Op::kAdd:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Op::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Op::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    default: {
      if (b == 0) return fault(op == Op::kModulo ? "modulus by zero" : "division by zero");
      if constexpr (std::is_signed_v<I>) {
        overflow = a == std::numeric_limits<I>::min() && b == -1;
      }
      if (!overflow) result = op == Op::kModulo ? a % b : a / b;
    }
  }
  if (overflow) return fault("the number leaves the range of its type");
  return value_of<I>(result);
}

base::Result<Value> real(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return value_of(a + b);
    case Op::kSubtract:
      return value_of(a - b);
    case Op::kMultiply:
      return value_of(a * b);
    case Op::kDivide:
      return value_of(a / b);
    default:
      return no_overload(value_of(a), value_of(b));
  }
}

base::Status check_bytes(std::size_t a, std::size_t b) {
  return a + b > kMaxValueBytes ? base::Status(fault("the text becomes too long")) : base::Status();
}

base::Result<Value> joined(const Value& a, const Value& b) {
  if (const auto* text = a.as<std::string>()) {
    TRY(check_bytes(text->size(), b.as<std::string>()->size()));
    return value_of(*text + *b.as<std::string>());
  }
  if (const auto* bytes = a.as<Bytes>()) {
    TRY(check_bytes(bytes->data.size(), b.as<Bytes>()->data.size()));
    return value_of(Bytes{bytes->data + b.as<Bytes>()->data});
  }
  if (a.list() == nullptr) return no_overload(a, b);
  List all = *a.list();
  if (all.size() + b.list()->size() > kMaxElements) return fault("the list becomes too long");
  all.insert(all.end(), b.list()->begin(), b.list()->end());
  return make_list(std::move(all));
}

template <typename T>
base::Result<Value> parsed(const std::string& text, const char* what) {
  T value{};
  const char* begin = text.data();
  const char* end = begin + text.size();
  // Like the language's own readers: one plus sign is allowed in front.
  if (std::is_signed_v<T> && text.size() > 1 && text[0] == '+' && text[1] != '-') ++begin;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return fault("the text is no " + std::string(what));
  return value_of<T>(value);
}

base::Result<Value> to_int(const Value& value) {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (const auto* number = value.as<std::uint64_t>()) {
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return fault("the number leaves the range of int");
    }
    return value_of(static_cast<std::int64_t>(*number));
  }
  if (const auto* number = value.as<double>()) {
    // The borders themselves are not exact and are refused too.
    if (!(*number > -kTwo63 && *number < kTwo63))
      return fault("the number leaves the range of int");
    return value_of(static_cast<std::int64_t>(*number));
  }
  if (const auto* text = value.as<std::string>()) return parsed<std::int64_t>(*text, "int");
  return value.kind() == Kind::kInt ? base::Result<Value>(value) : no_overload(value);
}

base::Result<Value> to_uint(const Value& value) {
  constexpr double kTwo64 = 18446744073709551616.0;
  if (const auto* number = value.as<std::int64_t>()) {
    if (*number < 0) return fault("the number leaves the range of uint");
    return value_of(static_cast<std::uint64_t>(*number));
  }
  if (const auto* number = value.as<double>()) {
    if (!(*number >= 0 && *number < kTwo64)) return fault("the number leaves the range of uint");
    return value_of(static_cast<std::uint64_t>(*number));
  }
  if (const auto* text = value.as<std::string>()) return parsed<std::uint64_t>(*text, "uint");
  return value.kind() == Kind::kUint ? base::Result<Value>(value) : no_overload(value);
}

base::Result<Value> to_double(const Value& value) {
  if (const auto* number = value.as<std::int64_t>()) return value_of(static_cast<double>(*number));
  if (const auto* number = value.as<std::uint64_t>()) return value_of(static_cast<double>(*number));
  if (const auto* text = value.as<std::string>()) return parsed<double>(*text, "double");
  return value.kind() == Kind::kDouble ? base::Result<Value>(value) : no_overload(value);
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t tail = 0;
    if (lead >= 0x80)
      tail = lead < 0xC2 ? 9 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 9;
    if (i + tail >= text.size()) return false;
    for (std::size_t k = 1; k <= tail; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U) return false;
    }
    const auto second = tail > 0 ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += tail + 1;
  }
  return true;
}

base::Result<Value> to_string_value(const Value& value) {
  if (const auto* boolean = value.as<bool>())
    return value_of(std::string(*boolean ? "true" : "false"));
  if (const auto* number = value.as<std::int64_t>()) return value_of(std::to_string(*number));
  if (const auto* number = value.as<std::uint64_t>()) return value_of(std::to_string(*number));
  if (const auto* number = value.as<double>()) return value_of(to_text(*number));
  if (const auto* bytes = value.as<Bytes>()) {
    if (!is_utf8(bytes->data)) return fault("the bytes are no UTF-8");
    return value_of(bytes->data);
  }
  return value.kind() == Kind::kString ? base::Result<Value>(value) : no_overload(value);
}

base::Result<Value> to_bool(const Value& value) {
  if (value.kind() == Kind::kBool) return value;
  const auto* text = value.as<std::string>();
  if (text == nullptr) return no_overload(value);
  for (const char* word : {"1", "t", "true", "TRUE", "True", "T"}) {
    if (*text == word) return value_of(true);
  }
  for (const char* word : {"0", "f", "false", "FALSE", "False", "F"}) {
    if (*text == word) return value_of(false);
  }
  return fault("the text is no bool");
}

/// Characters, not bytes.
std::size_t text_size(std::string_view text) {
  std::size_t size = 0;
  for (const char c : text) size += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return size;
}

}  // namespace

base::Error no_overload(const Value& a) {
  return fault("there is no such operation for " + std::string(to_string(a.kind())));
}

base::Error no_overload(const Value& a, const Value& b) {
  return fault("there is no such operation for " + std::string(to_string(a.kind())) + " and " +
               std::string(to_string(b.kind())));
}

base::Result<Value> arithmetic(Op op, const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return no_overload(a, b);
  if (const auto* x = a.as<std::int64_t>()) return whole(op, *x, *b.as<std::int64_t>());
  if (const auto* x = a.as<std::uint64_t>()) return whole(op, *x, *b.as<std::uint64_t>());
  if (const auto* x = a.as<double>()) return real(op, *x, *b.as<double>());
  if (op == Op::kAdd) return joined(a, b);
  return no_overload(a, b);
}

base::Result<Value> negate(const Value& value) {
  if (const auto* number = value.as<double>()) return value_of(-*number);
  if (const auto* number = value.as<std::int64_t>()) {
    return whole<std::int64_t>(Op::kSubtract, 0, *number);
  }
  return no_overload(value);
}

base::Result<Value> convert(Function function, const Value& value) {
  switch (function) {
    case Function::kToInt:
      return to_int(value);
    case Function::kToUint:
      return to_uint(value);
    case Function::kToDouble:
      return to_double(value);
    case Function::kToString:
      return to_string_value(value);
    case Function::kToBool:
      return to_bool(value);
    case Function::kToBytes:
      if (const auto* text = value.as<std::string>()) return value_of(Bytes{*text});
      return value.kind() == Kind::kBytes ? base::Result<Value>(value) : no_overload(value);
    default:
      return value;
  }
}

base::Result<Value> size_of(const Value& value) {
  std::size_t size = 0;
  if (const auto* text = value.as<std::string>()) {
    size = text_size(*text);
  } else if (const auto* bytes = value.as<Bytes>()) {
    size = bytes->data.size();
  } else if (value.list() != nullptr) {
    size = value.list()->size();
  } else if (value.map() != nullptr) {
    size = value.map()->size();
  } else {
    return no_overload(value);
  }
  return value_of(static_cast<std::int64_t>(size));
}

base::Result<Value> search(Function function, const Value& text, const Value& part) {
  const auto* whole_text = text.as<std::string>();
  const auto* wanted = part.as<std::string>();
  if (whole_text == nullptr || wanted == nullptr) return no_overload(text, part);
  if (function == Function::kContains) {
    return value_of(whole_text->find(*wanted) != std::string::npos);
  }
  return value_of(function == Function::kStartsWith ? whole_text->starts_with(*wanted)
                                                    : whole_text->ends_with(*wanted));
}

base::Result<Pattern> compile_pattern(const std::string& pattern) {
  if (pattern.size() > kMaxPatternBytes) return fault("the regular expression is too long");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemoryBytes);
  auto compiled = std::make_shared<RE2>(pattern, options);
  if (!compiled->ok()) {
    return fault("the regular expression does not compile: " + compiled->error());
  }
  return Pattern(std::move(compiled));
}

bool matches(const re2::RE2& pattern, std::string_view text) {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

}  // namespace tollgate::dataplane::cel
