#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::dataplane::json {

/// Appends JSON to a string that the caller owns and may reuse. Commas come by themselves. Misuse
/// (a value without key in an object, unbalanced ends) is asserted.
///
///   Writer w(out);
///   w.begin_object().member("model", name).key("n").value(1).end_object();
class Writer {
 public:
  static constexpr std::size_t kMaxDepth = 64;

  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  /// Escaped as needed.
  Writer& key(std::string_view name);

  /// A string: quotes, backslashes and control characters are escaped; bytes that are not UTF-8
  /// become U+FFFD.
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool boolean);
  Writer& value(std::int64_t number);
  Writer& value(std::uint64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  /// The shortest text that reads back as the same double; not a number and infinities become null.
  Writer& value(double number);
  Writer& null();
  /// Valid JSON of any type, unchanged (Value::raw).
  Writer& raw(std::string_view json);

  /// A string given in parts: begin_string, any number of string_part, end_string. A part must not
  /// end within a UTF-8 sequence.
  Writer& begin_string();
  Writer& string_part(std::string_view text);
  Writer& end_string();

  template <typename T>
  Writer& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  Writer& raw_member(std::string_view name, std::string_view json) { return key(name).raw(json); }

  /// True when every object and array is closed.
  [[nodiscard]] bool complete() const { return depth_ == 0; }
  [[nodiscard]] std::string& out() { return out_; }

 private:
  void before_value();
  Writer& open(char bracket);
  Writer& close(char bracket);

  std::string& out_;
  std::array<bool, kMaxDepth> has_items_{};
  std::array<bool, kMaxDepth> in_object_{};
  std::size_t depth_ = 0;
  bool after_key_ = false;
};

/// Appends `text` escaped, without quotes.
void append_escaped(std::string& out, std::string_view text);

}  // namespace tollgate::dataplane::json
