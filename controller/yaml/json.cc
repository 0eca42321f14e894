#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>

#include "controller/yaml/builder.h"
#include "controller/yaml/utf8.h"
#include "controller/yaml/yaml.h"

namespace tollgate::controller::yaml {
namespace {

using nlohmann::json;

/// How far the parser has read; shared by all copies of its iterator.
struct Cursor {
  std::string_view text;
  std::size_t offset = 0;
  int line = 1;
  std::size_t line_start = 0;

  /// A number ends at the character behind it, which may be a newline that is already counted.
  Builder::Position position() const {
    const bool past_newline = offset > 0 && text[offset - 1] == '\n';
    if (past_newline) return {line - 1, 0};
    return {line, static_cast<int>(offset - line_start)};
  }
};

class CursorIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit CursorIterator(Cursor* cursor) : cursor_(cursor) {}
  reference operator*() const { return cursor_->text[cursor_->offset]; }
  CursorIterator& operator++() {
    if (cursor_->text[cursor_->offset++] == '\n') {
      ++cursor_->line;
      cursor_->line_start = cursor_->offset;
    }
    return *this;
  }
  CursorIterator operator++(int) {
    CursorIterator before = *this;
    ++*this;
    return before;
  }
  /// The end iterator has no cursor.
  bool operator==(const CursorIterator& other) const { return at_end() == other.at_end(); }

 private:
  bool at_end() const { return cursor_ == nullptr || cursor_->offset >= cursor_->text.size(); }
  Cursor* cursor_;
};

class Events final : public nlohmann::json_sax<json> {
 public:
  Events(Builder& builder, const Cursor& cursor) : builder_(builder), cursor_(cursor) {}

  bool null() override { return give(nullptr); }
  bool boolean(bool value) override { return give(value); }
  bool number_integer(json::number_integer_t value) override { return give(value); }
  bool number_unsigned(json::number_unsigned_t value) override {
    constexpr auto kMax = static_cast<json::number_unsigned_t>(INT64_MAX);
    return value <= kMax ? give(static_cast<json::number_integer_t>(value)) : give(value);
  }
  bool number_float(json::number_float_t value, const std::string&) override {
    return give(number(value));
  }
  bool string(std::string& value) override { return give(std::move(value)); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    builder_.map_start(cursor_.position(), 0);
    return !builder_.failed();
  }
  bool key(std::string& name) override {
    builder_.key(cursor_.position(), std::move(name));
    return !builder_.failed();
  }
  bool end_object() override {
    builder_.map_end();
    return !builder_.failed();
  }
  bool start_array(std::size_t) override {
    builder_.list_start(cursor_.position(), 0);
    return !builder_.failed();
  }
  bool end_array() override {
    builder_.list_end();
    return !builder_.failed();
  }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    // The text itself is not shown: it may be part of a secret.
    builder_.fail(cursor_.position(), "this is not valid JSON");
    return false;
  }

 private:
  bool give(json value) {
    builder_.value(cursor_.position(), std::move(value));
    return !builder_.failed();
  }

  Builder& builder_;
  const Cursor& cursor_;
};

}  // namespace

Stream parse_json(std::string_view text, const Limits& limits) {
  Stream stream;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (const auto bad = find_invalid_text(text)) {
    stream.problems.push_back({bad->line + 1, bad->column, "the text is not valid UTF-8"});
    return stream;
  }
  Cursor cursor{text, 0, 1, 0};
  for (;;) {
    CursorIterator position(&cursor);
    const CursorIterator end(nullptr);
    while (!(position == end) && std::string_view(" \t\r\n").find(*position) != text.npos)
      ++position;
    if (position == end) return stream;
    Builder builder(limits);
    Events events(builder, cursor);
    json::sax_parse(position, end, &events, json::input_format_t::json, false);
    if (builder.failed()) {
      stream.problems.push_back(*builder.problem());
      return stream;
    }
    if (auto document = builder.take()) stream.documents.push_back(std::move(*document));
  }
}

}  // namespace tollgate::controller::yaml
