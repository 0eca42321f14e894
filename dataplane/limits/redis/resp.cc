#include "dataplane/limits/redis/resp.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace tollgate::dataplane::limits::redis {

namespace {

base::Error broken(const char* why) {
  return base::backend_error(base::Code::kProtocol, true,
                             std::string("reply of the store: ") + why);
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

constexpr std::size_t kNull = SIZE_MAX;

/// A length; "-1" stands for null. nullopt: none, or above the limit.
std::optional<std::size_t> parse_length(std::string_view text, std::size_t limit) {
  const auto value = parse_int(text);
  if (!value) return std::nullopt;
  if (*value == -1) return kNull;
  if (*value < 0 || static_cast<std::uint64_t>(*value) > limit) return std::nullopt;
  return static_cast<std::size_t>(*value);
}

}  // namespace

std::string_view Reply::code() const {
  const std::string_view whole = text;
  return whole.substr(0, whole.find(' '));
}

Decoder::Decoder() = default;

base::Status Decoder::feed(std::string_view bytes, std::vector<Reply>& out) {
  while (!bytes.empty()) {
    if (reading_text_) {
      // The text and the CR LF behind it.
      const std::size_t part = std::min(text_missing_, bytes.size());
      text_.append(bytes.substr(0, part));
      bytes.remove_prefix(part);
      text_missing_ -= part;
      if (text_missing_ > 0) return {};
      if (!text_.ends_with("\r\n")) return broken("a text does not end where it says");
      text_.resize(text_.size() - 2);
      reading_text_ = false;
      Reply reply;
      reply.type = text_type_;
      reply.text = std::move(text_);
      text_.clear();
      TRY(add(std::move(reply), out));
      continue;
    }
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > kMaxLineBytes) return broken("a line is too long");
    line_.append(part);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    if (!line_.ends_with('\r')) return broken("a line ends without CR");
    line_.pop_back();
    const std::string line = std::move(line_);
    line_.clear();
    TRY(take_line(line, out));
  }
  return {};
}

base::Status Decoder::take_line(std::string_view line, std::vector<Reply>& out) {
  if (line.empty()) return broken("an empty line");
  const char type = line.front();
  line.remove_prefix(1);
  Reply reply;
  switch (type) {
    case '+':
    case ',':  // a double
    case '(':  // a big number
      reply.type = Reply::Type::kString;
      reply.text = line;
      return add(std::move(reply), out);
    case '-':
      reply.type = Reply::Type::kError;
      reply.text = line;
      return add(std::move(reply), out);
    case ':': {
      const auto value = parse_int(line);
      if (!value) return broken("a number that is none");
      reply.type = Reply::Type::kInteger;
      reply.integer = *value;
      return add(std::move(reply), out);
    }
    case '#':
      if (line != "t" && line != "f") return broken("a boolean that is none");
      reply.type = Reply::Type::kInteger;
      reply.integer = line == "t" ? 1 : 0;
      return add(std::move(reply), out);
    case '_':
      return add(std::move(reply), out);
    case '$':
    case '=':  // verbatim: its format stays in front
      return begin_text(line, Reply::Type::kString, out);
    case '!':
      return begin_text(line, Reply::Type::kError, out);
    case '*':
    case '~':
      return begin_array(line, 1, false, out);
    case '%':
      return begin_array(line, 2, false, out);
    case '>':
      return begin_array(line, 1, true, out);
    case '|':
      return begin_array(line, 2, true, out);
    default:
      return broken("an unknown type");
  }
}

base::Status Decoder::begin_text(std::string_view length, Reply::Type type,
                                 std::vector<Reply>& out) {
  const auto size = parse_length(length, kMaxTextBytes);
  if (!size) return broken("a text is too long");
  if (*size == kNull) return add(Reply{}, out);
  reading_text_ = true;
  text_type_ = type;
  text_missing_ = *size + 2;
  return {};
}

base::Status Decoder::begin_array(std::string_view length, std::size_t per_element, bool dropped,
                                  std::vector<Reply>& out) {
  const auto size = parse_length(length, kMaxElements / per_element);
  if (!size) return broken("an array is too long");
  if (*size == kNull) return add(Reply{}, out);
  if (open_.size() >= kMaxDepth) return broken("arrays are nested too deep");
  Open open;
  open.reply.type = Reply::Type::kArray;
  open.missing = *size * per_element;
  open.dropped = dropped;
  elements_ += open.missing;
  if (elements_ > kMaxElements) return broken("too many elements");
  if (open.missing > 0) {
    open_.push_back(std::move(open));
    return {};
  }
  return dropped ? base::Status{} : add(std::move(open.reply), out);
}

base::Status Decoder::add(Reply reply, std::vector<Reply>& out) {
  while (!open_.empty()) {
    Open& open = open_.back();
    open.reply.elements.push_back(std::move(reply));
    if (--open.missing > 0) return {};
    const bool dropped = open.dropped;
    reply = std::move(open.reply);
    open_.pop_back();
    if (dropped) {
      if (open_.empty()) elements_ = 0;
      return {};
    }
  }
  elements_ = 0;
  out.push_back(std::move(reply));
  return {};
}

Command::Command(std::string& out, std::size_t arguments) : out_(out) {
  out_ += '*';
  out_ += std::to_string(arguments);
  out_ += "\r\n";
}

Command& Command::add(std::string_view text) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), text.size()).ptr;
  out_ += '$';
  out_.append(digits.data(), end);
  out_ += "\r\n";
  out_ += text;
  out_ += "\r\n";
  return *this;
}

Command& Command::add(std::uint64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

}  // namespace tollgate::dataplane::limits::redis
