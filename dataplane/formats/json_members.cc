#include "dataplane/formats/json_members.h"

#include "dataplane/formats/byte_search.h"
#include "dataplane/formats/json_skim.h"

namespace tollgate::dataplane::formats {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && kSpaces.find(text[at]) != std::string_view::npos) {
    ++at;
  }
  return at;
}

/// `at` is behind the opening quote; the result is behind the closing one, or the text's end.
std::size_t skip_string(std::string_view text, std::size_t at) {
  const char* const end = text.data() + text.size();
  const char* p = text.data() + at;
  while ((p = search::quote_or_backslash(p, end)) != end) {
    if (*p == '"') {
      return static_cast<std::size_t>(p - text.data()) + 1;
    }
    p = end - p >= 2 ? p + 2 : end;
  }
  return text.size();
}

std::size_t skip_container(std::string_view text, std::size_t at) {
  const char* const end = text.data() + text.size();
  std::size_t depth = 0;
  while (at < text.size()) {
    at = static_cast<std::size_t>(search::quote_or_bracket(text.data() + at, end) - text.data());
    if (at >= text.size()) {
      break;
    }
    const char c = text[at++];
    if (c == '"') {
      at = skip_string(text, at);
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at;
    }
  }
  return text.size();
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) {
    return at;
  }
  if (text[at] == '"') {
    return skip_string(text, at + 1);
  }
  if (text[at] == '{' || text[at] == '[') {
    return skip_container(text, at);
  }
  const std::size_t end = text.find_first_of(", \t\r\n}]", at);
  return end == std::string_view::npos ? text.size() : end;
}

}  // namespace

JsonMembers::JsonMembers(std::string_view object) : text_(object) {
  at_ = skip_spaces(text_, 0);
  at_ = at_ < text_.size() && text_[at_] == '{' ? at_ + 1 : text_.size();
}

bool JsonMembers::next() {
  at_ = skip_spaces(text_, at_);
  if (at_ < text_.size() && text_[at_] == ',') {
    at_ = skip_spaces(text_, at_ + 1);
  }
  if (at_ >= text_.size() || text_[at_] != '"') {
    at_ = text_.size();
    return false;
  }
  const std::size_t key = at_ + 1;
  const std::size_t behind_key = skip_string(text_, key);
  at_ = skip_spaces(text_, behind_key);
  if (at_ >= text_.size() || text_[at_] != ':') {
    at_ = text_.size();
    return false;
  }
  const std::size_t value = skip_spaces(text_, at_ + 1);
  at_ = skip_value(text_, value);
  if (at_ == value) {
    at_ = text_.size();
    return false;
  }
  key_ = text_.substr(key, behind_key - key - 1);
  value_ = text_.substr(value, at_ - value);
  return true;
}

bool JsonMembers::key_is(std::string_view name) const {
  return key_ == name || (key_.find('\\') != std::string_view::npos && unescape_json(key_) == name);
}

std::optional<std::string_view> find_member(std::string_view object, std::string_view name) {
  JsonMembers members(object);
  while (members.next()) {
    if (members.key_is(name)) {
      return members.value();
    }
  }
  return std::nullopt;
}

std::optional<std::string> find_string_member(std::string_view object, std::string_view name) {
  const std::optional<std::string_view> raw = find_member(object, name);
  if (!raw || raw->size() < 2 || raw->front() != '"' || raw->back() != '"') {
    return std::nullopt;
  }
  return unescape_json(raw->substr(1, raw->size() - 2));
}

}  // namespace tollgate::dataplane::formats
