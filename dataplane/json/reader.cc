#include "dataplane/json/reader.h"

#include <charconv>
#include <cmath>

#include "dataplane/json/tokens.h"

namespace tollgate::dataplane::json {

namespace {

base::Error mismatch(const char* wanted) {
  return base::client_error(base::Code::kInvalidArgument,
                            std::string("JSON value is not ") + wanted);
}

/// The token after the value that starts at `token`, without a comma that follows it.
std::uint32_t after(const Tokens& tokens, std::uint32_t token) {
  const std::uint32_t next = tokens.last(token) + 1;
  return tokens.first(next) == ',' ? next + 1 : next;
}

}  // namespace

PaddedText::PaddedText(std::string_view text) {
  bytes_.reserve(text.size() + kPaddingBytes);
  bytes_.append(text).append(kPaddingBytes, '\0');
}

Type Value::type() const {
  switch (tokens_->first(token_)) {
    case '{':
      return Type::kObject;
    case '[':
      return Type::kArray;
    case '"':
      return Type::kString;
    case 't':
    case 'f':
      return Type::kBool;
    case 'n':
      return Type::kNull;
    default:
      return Type::kNumber;
  }
}

base::Result<std::string_view> Value::string() const {
  if (tokens_->first(token_) != '"') return mismatch("a string");
  return tokens_->decoded(token_);
}

base::Result<std::int64_t> Value::integer() const {
  if (type() != Type::kNumber) return mismatch("a number");
  const std::string_view text = tokens_->text(token_);
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc{} && parsed.ptr == end) return value;
  if (parsed.ptr == end) return mismatch("a 64-bit integer");
  // A fraction or exponent: whole numbers below 2^63 are exact or unambiguous as doubles.
  constexpr double kLimit = 9223372036854775808.0;
  TRY_ASSIGN(const double number, this->number());
  if (std::trunc(number) != number || number >= kLimit || number < -kLimit) {
    return mismatch("a 64-bit integer");
  }
  return static_cast<std::int64_t>(number);
}

base::Result<double> Value::number() const {
  if (type() != Type::kNumber) return mismatch("a number");
  const std::string_view text = tokens_->text(token_);
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc{}) return value;
  return mismatch("a number that a double can hold");
}

base::Result<bool> Value::boolean() const {
  const char c = tokens_->first(token_);
  if (c != 't' && c != 'f') return mismatch("a boolean");
  return c == 't';
}

base::Result<Members> Value::members() const {
  if (tokens_->first(token_) != '{') return mismatch("an object");
  return Members(tokens_, token_);
}

base::Result<Elements> Value::elements() const {
  if (tokens_->first(token_) != '[') return mismatch("an array");
  return Elements(tokens_, token_);
}

std::optional<Value> Value::find(std::string_view key) const {
  if (tokens_->first(token_) != '{') return std::nullopt;
  Members members(tokens_, token_);
  while (members.next()) {
    if (members.key() == key) return members.value();
  }
  return std::nullopt;
}

std::optional<Value> Value::find(std::initializer_list<std::string_view> path) const {
  std::optional<Value> value = *this;
  for (const std::string_view key : path) {
    value = value->find(key);
    if (!value) break;
  }
  return value;
}

base::Result<std::string_view> Value::raw() const {
  return tokens_->raw(token_);
}

std::size_t Value::offset() const {
  return tokens_->start(token_);
}

bool Members::next() {
  const Tokens& tokens = *value_.tokens_;
  if (tokens.first(next_) != '"') return false;  // the closing bracket
  key_ = tokens.decoded(next_);
  value_.token_ = next_ + 2;
  next_ = after(tokens, value_.token_);
  return true;
}

bool Elements::next() {
  const Tokens& tokens = *value_.tokens_;
  if (tokens.first(next_) == ']') return false;
  value_.token_ = next_;
  next_ = after(tokens, next_);
  return true;
}

Reader::Reader(std::size_t max_depth) : tokens_(std::make_unique<Tokens>(max_depth)) {}

Reader::~Reader() = default;

base::Result<Value> Reader::open(std::string_view padded) {
  last_ = tokens_->build(padded);
  if (!last_) return last_.error();
  return Value(tokens_.get(), 0);
}

base::Status Reader::finish() const {
  return last_;
}

base::Status Reader::check(std::string_view padded) {
  last_ = tokens_->build(padded);
  return last_;
}

namespace {

std::optional<Value> find_value(Reader& reader, std::string_view padded,
                                std::initializer_list<std::string_view> path) {
  const auto root = reader.open(padded);
  if (!root) return std::nullopt;
  return root->find(path);
}

template <typename T>
std::optional<T> to_optional(base::Result<T> result) {
  if (!result) return std::nullopt;
  return *result;
}

}  // namespace

std::optional<double> find_number(Reader& reader, std::string_view padded,
                                  std::initializer_list<std::string_view> path) {
  const auto value = find_value(reader, padded, path);
  return value ? to_optional(value->number()) : std::nullopt;
}

std::optional<std::int64_t> find_integer(Reader& reader, std::string_view padded,
                                         std::initializer_list<std::string_view> path) {
  const auto value = find_value(reader, padded, path);
  return value ? to_optional(value->integer()) : std::nullopt;
}

std::optional<std::string_view> find_string(Reader& reader, std::string_view padded,
                                            std::initializer_list<std::string_view> path) {
  const auto value = find_value(reader, padded, path);
  return value ? to_optional(value->string()) : std::nullopt;
}

std::optional<std::string_view> find_raw(Reader& reader, std::string_view padded,
                                         std::initializer_list<std::string_view> path) {
  const auto value = find_value(reader, padded, path);
  return value ? to_optional(value->raw()) : std::nullopt;
}

}  // namespace tollgate::dataplane::json
