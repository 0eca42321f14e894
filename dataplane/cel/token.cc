#include "dataplane/cel/token.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace tollgate::dataplane::cel {

namespace {

constexpr std::string_view kReserved[] = {
    "as",        "break", "const",  "continue", "else", "false", "for",
    "function",  "if",    "import", "in",       "let",  "loop",  "package",
    "namespace", "null",  "return", "true",     "var",  "void",  "while"};

/// Longest first, so that "<=" is not read as "<".
constexpr std::string_view kSigns[] = {"==", "!=", "<=", ">=", "&&", "||", "<", ">",
                                       "+",  "-",  "*",  "/",  "%",  "!",  "?", ":",
                                       "(",  ")",  "[",  "]",  "{",  "}",  ".", ","};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

std::optional<unsigned> digit_value(char c, unsigned base) {
  unsigned value = 99;
  if (is_digit(c)) value = static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') value = static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') value = static_cast<unsigned>(c - 'A') + 10;
  return value < base ? std::optional(value) : std::nullopt;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&out, code](unsigned shift) {
    out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  base::Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      skip_blanks();
      Token token;
      token.offset = at_;
      if (at_ == source_.size()) {
        tokens.push_back(std::move(token));
        return tokens;
      }
      TRY(read(token));
      tokens.push_back(std::move(token));
    }
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  [[nodiscard]] std::string_view rest() const { return source_.substr(at_); }
  [[nodiscard]] base::Error fail(std::size_t offset, std::string_view message) const {
    return error_at(source_, offset, message);
  }

  void skip_blanks() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (rest().starts_with("//")) {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else {
        return;
      }
    }
  }

  base::Status read(Token& token) {
    if (const std::size_t prefix = string_prefix()) return read_string(token, prefix);
    const char c = peek();
    if (c == '"' || c == '\'') return read_string(token, 0);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number(token);
    if (is_name_start(c)) {
      std::size_t end = at_;
      while (end < source_.size() && is_name_part(source_[end])) ++end;
      token.type = TokenType::kName;
      token.text = source_.substr(at_, end - at_);
      at_ = end;
      return {};
    }
    for (const std::string_view sign : kSigns) {
      if (!rest().starts_with(sign)) continue;
      token.type = TokenType::kSign;
      token.text = sign;
      at_ += sign.size();
      return {};
    }
    return fail(at_, "this character is not part of the language");
  }

  /// Length of the b and r before a quote; 0 if this is no string with a prefix.
  [[nodiscard]] std::size_t string_prefix() const {
    const auto is = [this](std::size_t i, char lower) { return (peek(i) | 0x20) == lower; };
    const auto quote = [this](std::size_t i) { return peek(i) == '"' || peek(i) == '\''; };
    if ((is(0, 'b') || is(0, 'r')) && quote(1)) return 1;
    return is(0, 'b') && is(1, 'r') && quote(2) ? 2 : 0;
  }

  base::Status read_string(Token& token, std::size_t prefix) {
    const std::size_t start = at_;
    const auto has = [&](char lower) {
      return std::any_of(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                         source_.begin() + static_cast<std::ptrdiff_t>(at_ + prefix),
                         [lower](char c) { return (c | 0x20) == lower; });
    };
    const bool bytes = has('b');
    const bool raw = has('r');
    at_ += prefix;
    const std::string three(3, peek());
    const bool tripled = rest().starts_with(three);
    const std::string_view quote = source_.substr(at_, tripled ? 3 : 1);
    at_ += quote.size();
    std::string text;
    while (true) {
      if (at_ >= source_.size()) return fail(start, "the string is not closed");
      if (rest().starts_with(quote)) break;
      if (!tripled && (peek() == '\n' || peek() == '\r')) {
        return fail(start, "the string is not closed on its line");
      }
      if (peek() == '\\' && !raw) {
        TRY(read_escape(bytes, text));
      } else {
        text += source_[at_++];
      }
    }
    at_ += quote.size();
    token.type = TokenType::kLiteral;
    if (bytes) {
      token.value.data = Bytes{std::move(text)};
    } else {
      token.value.data = std::move(text);
    }
    return {};
  }

  base::Status read_escape(bool bytes, std::string& out) {
    constexpr std::string_view kFrom = "abfnrtv\\?\"'`";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\?\"'`";
    const std::size_t start = at_++;
    const char c = peek();
    if (at_ >= source_.size()) return fail(start, "the escape is cut off");
    if (const auto found = kFrom.find(c); found != std::string_view::npos) {
      out += kTo[found];
      ++at_;
      return {};
    }
    std::size_t digits = 0;
    unsigned base = 16;
    if (c == 'x' || c == 'X') digits = 2;
    if (c == 'u' && !bytes) digits = 4;
    if (c == 'U' && !bytes) digits = 8;
    if (c >= '0' && c <= '3') {
      digits = 3;
      base = 8;
    } else {
      ++at_;
    }
    if (digits == 0) return fail(start, "unknown escape");
    std::uint32_t code = 0;
    for (; digits > 0; --digits) {
      const auto digit = digit_value(peek(), base);
      if (!digit || at_ >= source_.size()) return fail(start, "the escape has too few digits");
      code = code * base + *digit;
      ++at_;
    }
    if (bytes) {
      out += static_cast<char>(static_cast<unsigned char>(code));
    } else if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return fail(start, "the escape is no character");
    } else {
      append_utf8(out, code);
    }
    return {};
  }

  base::Status read_number(Token& token) {
    token.type = TokenType::kLiteral;
    const bool hex = peek() == '0' && (peek(1) | 0x20) == 'x';
    const std::size_t start = at_;
    if (hex) at_ += 2;
    const std::size_t digits = at_;
    while (digit_value(peek(), hex ? 16 : 10)) ++at_;
    if (hex && at_ == digits) return fail(start, "a hexadecimal number needs digits");
    bool real = false;
    if (!hex && peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    if (!hex && (peek() | 0x20) == 'e') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
      if (!is_digit(peek(sign))) return fail(start, "the exponent needs digits");
      real = true;
      at_ += sign;
      while (is_digit(peek())) ++at_;
    }
    const std::string_view text = source_.substr(digits, at_ - digits);
    const bool natural = !real && (peek() | 0x20) == 'u';
    if (natural) ++at_;
    if (is_name_part(peek())) return fail(start, "a number ends before a letter");
    if (real) return finish_real(token, text);
    return finish_whole(token, text, hex ? 16 : 10, natural);
  }

  base::Status finish_real(Token& token, std::string_view text) const {
    // from_chars reads no leading dot.
    const std::string padded = (text.front() == '.' ? "0" : "") + std::string(text);
    double value = 0;
    const auto [end, error] = std::from_chars(padded.data(), padded.data() + padded.size(), value);
    if (error != std::errc()) return fail(token.offset, "the number is out of range");
    token.value.data = value;
    return {};
  }

  base::Status finish_whole(Token& token, std::string_view text, int base, bool natural) const {
    constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || (!natural && value > kLargest + 1)) {
      return fail(token.offset, "the number is out of range");
    }
    if (natural) {
      token.value.data = value;
    } else {
      token.only_negative = value == kLargest + 1;
      token.value.data = static_cast<std::int64_t>(value);
    }
    return {};
  }

  std::string_view source_;
  std::size_t at_ = 0;
};

}  // namespace

base::Result<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).run();
}

bool is_reserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

base::Error error_at(std::string_view source, std::size_t offset, std::string_view message) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : source.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++column;
    }
  }
  return base::config_error(
      base::Code::kInvalidArgument,
      std::to_string(line) + ":" + std::to_string(column) + ": " + std::string(message));
}

}  // namespace tollgate::dataplane::cel
