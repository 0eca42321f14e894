#include "dataplane/json/writer.h"

#include <cassert>
#include <charconv>
#include <cmath>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::json {

namespace {

template <typename T>
void put_number(std::string& out, T number) {
  constexpr std::size_t kMaxDigits = 32;
  std::array<char, kMaxDigits> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void Writer::before_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  assert(depth_ == 0 || !in_object_[depth_ - 1]);
  if (depth_ == 0) return;
  if (has_items_[depth_ - 1]) out_.push_back(',');
  has_items_[depth_ - 1] = true;
}

Writer& Writer::open(char bracket) {
  before_value();
  assert(depth_ < kMaxDepth);
  out_.push_back(bracket);
  has_items_[depth_] = false;
  in_object_[depth_] = bracket == '{';
  ++depth_;
  return *this;
}

Writer& Writer::close(char bracket) {
  assert(depth_ > 0 && !after_key_ && in_object_[depth_ - 1] == (bracket == '}'));
  out_.push_back(bracket);
  --depth_;
  return *this;
}

Writer& Writer::begin_object() {
  return open('{');
}
Writer& Writer::end_object() {
  return close('}');
}
Writer& Writer::begin_array() {
  return open('[');
}
Writer& Writer::end_array() {
  return close(']');
}

Writer& Writer::key(std::string_view name) {
  assert(depth_ > 0 && in_object_[depth_ - 1] && !after_key_);
  if (has_items_[depth_ - 1]) out_.push_back(',');
  has_items_[depth_ - 1] = true;
  base::append_json_string(out_, name);
  out_.push_back(':');
  after_key_ = true;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  before_value();
  base::append_json_string(out_, text);
  return *this;
}

Writer& Writer::value(bool boolean) {
  return raw(boolean ? "true" : "false");
}

Writer& Writer::value(std::int64_t number) {
  before_value();
  put_number(out_, number);
  return *this;
}

Writer& Writer::value(std::uint64_t number) {
  before_value();
  put_number(out_, number);
  return *this;
}

Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  before_value();
  put_number(out_, number);
  return *this;
}

Writer& Writer::null() {
  return raw("null");
}

Writer& Writer::raw(std::string_view json) {
  before_value();
  out_.append(json);
  return *this;
}

Writer& Writer::begin_string() {
  before_value();
  out_.push_back('"');
  return *this;
}

Writer& Writer::string_part(std::string_view text) {
  append_escaped(out_, text);
  return *this;
}

Writer& Writer::end_string() {
  out_.push_back('"');
  return *this;
}

void append_escaped(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  base::append_json_string(out, text);
  out.erase(start, 1);
  out.pop_back();
}

}  // namespace tollgate::dataplane::json
