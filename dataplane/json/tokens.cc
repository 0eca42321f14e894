#include "dataplane/json/tokens.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "dataplane/json/escapes.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::json {

static_assert(kPaddingBytes >= simdjson::SIMDJSON_PADDING);

namespace {

constexpr std::size_t kFirstCapacity = 64U << 10U;
constexpr std::size_t kKeptCapacity = 4U << 20U;  // memory for larger documents is given back

base::Error broken(const char* why, std::size_t position) {
  return base::client_error(
      base::Code::kInvalidArgument,
      std::string("invalid JSON: ") + why + " at byte " + std::to_string(position));
}

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Skips digits from `at`; false if there was none.
bool skip_digits(std::string_view text, std::size_t& at) {
  const std::size_t start = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at > start;
}

/// RFC 8259 section 6.
bool is_number(std::string_view text) {
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!skip_digits(text, at)) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!skip_digits(text, at)) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!skip_digits(text, at)) return false;
  }
  return at == text.size();
}

}  // namespace

struct Tokens::Index {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

Tokens::Tokens(std::size_t max_depth) : max_depth_(max_depth), index_(std::make_unique<Index>()) {}

Tokens::~Tokens() = default;

void Tokens::release_if_large() {
  if (index_->stage && index_->stage->capacity() > kKeptCapacity) {
    index_->stage.reset();
    closing_ = {};
  }
}

base::Status Tokens::index(std::string_view padded) {
  // simdjson's own limit, which also keeps positions within 32 bits.
  if (padded.size() > simdjson::SIMDJSON_MAXSIZE_BYTES) {
    return base::client_error(base::Code::kLimitExceeded, "JSON document too large");
  }
  if (padded.empty()) return broken("no value", 0);
  auto& stage = index_->stage;
  if (stage && stage->capacity() < padded.size()) stage.reset();
  if (!stage) {
    const std::size_t capacity = std::max(padded.size(), kFirstCapacity);
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, max_depth_, stage) != simdjson::SUCCESS) {
      return base::internal_error("no memory for the JSON index");
    }
  }
  const auto error = stage->stage1(reinterpret_cast<const std::uint8_t*>(padded.data()),
                                   padded.size(), simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      break;
    case simdjson::EMPTY:
      return broken("no value", 0);
    case simdjson::UTF8_ERROR:
      return base::client_error(base::Code::kInvalidArgument, "invalid JSON: not UTF-8");
    case simdjson::UNESCAPED_CHARS:
      return base::client_error(base::Code::kInvalidArgument,
                                "invalid JSON: control character in a string");
    case simdjson::UNCLOSED_STRING:
      return base::client_error(base::Code::kInvalidArgument, "invalid JSON: unclosed string");
    default:
      return base::client_error(base::Code::kInvalidArgument, "invalid JSON: malformed token");
  }
  starts_ = stage->structural_indexes.get();
  count_ = stage->n_structural_indexes;
  return {};
}

/// One pass over the tokens. A value's place decides what may follow it:
///
///   value -> '{' -> key ':' value ... | '}'      '[' -> value ... | ']'      scalar
///   after a value: ',' or the bracket that closes, by the top of the stack; nothing at the root
class Tokens::Walk {
 public:
  explicit Walk(Tokens& tokens)
      : t_(tokens), text_(tokens.text_), starts_(tokens.starts_), count_(tokens.count_) {}

  base::Status run() {
    t_.open_.clear();
    while (true) {
      if (!take_value()) return error_;
      // Everything that ends here.
      while (true) {
        if (t_.open_.empty()) {
          if (at_ == count_) return {};
          return fail("text after the value");
        }
        const char close = in_object() ? '}' : ']';
        const char c = peek();
        if (c == ',') {
          ++at_;
          if (in_object() && !take_key()) return error_;
          break;
        }
        if (c != close) return fail("comma or bracket expected");
        pop();
      }
    }
  }

 private:
  [[nodiscard]] bool in_object() const { return text_[starts_[t_.open_.back()]] == '{'; }
  [[nodiscard]] char peek() const { return at_ < count_ ? text_[starts_[at_]] : '\0'; }

  base::Error fail(const char* why) {
    return broken(why, at_ < count_ ? starts_[at_] : text_.size());
  }
  bool stop(base::Error error) {
    error_ = std::move(error);
    return false;
  }

  void pop() {
    t_.closing_[t_.open_.back()] = at_;
    t_.open_.pop_back();
    ++at_;
  }

  bool take_key() {
    if (peek() != '"') return stop(fail("member name expected"));
    ++at_;
    if (peek() != ':') return stop(fail("colon expected"));
    ++at_;
    return true;
  }

  /// Takes a scalar, an empty container, or the openings down to the first scalar or empty one.
  bool take_value() {
    while (true) {
      const char c = peek();
      if (c != '{' && c != '[') return take_scalar(c);
      if (t_.open_.size() >= t_.max_depth_) {
        return stop(base::client_error(base::Code::kLimitExceeded, "JSON nested too deeply"));
      }
      t_.open_.push_back(at_);
      ++at_;
      const char next = peek();
      if (next == (c == '{' ? '}' : ']')) {
        pop();
        return true;
      }
      if (c == '{' && !take_key()) return false;
    }
  }

  bool take_scalar(char c) {
    if (c == '"') {
      ++at_;
      return true;
    }
    if (at_ >= count_) return stop(fail("value expected"));
    const std::string_view scalar = t_.text(at_);
    const bool good = c == 't'   ? scalar == "true"
                      : c == 'f' ? scalar == "false"
                      : c == 'n' ? scalar == "null"
                                 : is_number(scalar);
    if (!good) return stop(fail("value expected"));
    ++at_;
    return true;
  }

  Tokens& t_;
  std::string_view text_;
  const std::uint32_t* starts_;
  std::uint32_t count_;
  std::uint32_t at_ = 0;
  base::Error error_;
};

base::Status Tokens::build(std::string_view padded) {
  release_if_large();
  decoded_.reset();
  text_ = padded;
  count_ = 0;
  TRY(index(padded));
  if (closing_.size() < count_) closing_.resize(count_);
  TRY(Walk(*this).run());
  const std::size_t bad = find_bad_escape(padded);
  if (bad != padded.size()) return broken("bad escape", bad);
  return {};
}

std::string_view Tokens::text(std::uint32_t token) const {
  const std::size_t start = starts_[token];
  std::size_t end = token + 1 < count_ ? starts_[token + 1] : text_.size();
  while (end > start && is_space(text_[end - 1])) --end;
  return text_.substr(start, end - start);
}

std::string_view Tokens::raw(std::uint32_t token) const {
  const std::uint32_t end = last(token);
  if (end == token) return text(token);
  return text_.substr(starts_[token], starts_[end] + 1 - starts_[token]);
}

std::string_view Tokens::decoded(std::uint32_t token) const {
  const std::string_view quoted = text(token);
  const std::string_view escaped = quoted.substr(1, quoted.size() - 2);
  if (escaped.find('\\') == std::string_view::npos) return escaped;
  auto* memory = decoded_.allocate_array<char>(escaped.size());
  return {memory, decode_escapes(escaped, memory)};
}

}  // namespace tollgate::dataplane::json
