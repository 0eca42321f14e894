#include "dataplane/formats/json_skim.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "dataplane/formats/byte_search.h"

namespace tollgate::dataplane::formats {
namespace {

std::optional<std::uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      digit = static_cast<std::uint32_t>(lower - 'a') + 10U;
    } else {
      return std::nullopt;
    }
    value = value * 16U + digit;
  }
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80U) {
    byte(code);
  } else if (code < 0x800U) {
    byte(0xC0U | (code >> 6U));
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000U) {
    byte(0xE0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3FU));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

constexpr std::uint32_t kReplacement = 0xFFFDU;

/// Reads the escape behind "\u" at the beginning of `rest`; says how many bytes it took.
std::size_t append_unicode_escape(std::string& out, std::string_view rest) {
  const std::optional<std::uint32_t> first = hex4(rest);
  if (!first) {
    append_utf8(out, kReplacement);
    return 0;
  }
  if (*first < 0xD800U || *first > 0xDFFFU) {
    append_utf8(out, *first);
    return 4;
  }
  if (*first < 0xDC00U && rest.size() >= 10 && rest[4] == '\\' && rest[5] == 'u') {
    const std::optional<std::uint32_t> second = hex4(rest.substr(6));
    if (second && *second >= 0xDC00U && *second <= 0xDFFFU) {
      append_utf8(out, 0x10000U + ((*first - 0xD800U) << 10U) + (*second - 0xDC00U));
      return 10;
    }
  }
  append_utf8(out, kReplacement);
  return 4;
}

}  // namespace

std::string unescape_json(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) {
    return std::string(raw);
  }
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      out += raw[i++];
      continue;
    }
    if (i + 1 == raw.size()) {
      append_utf8(out, kReplacement);
      break;
    }
    const char c = raw[i + 1];
    i += 2;
    constexpr std::string_view kShort = "bfnrt";
    constexpr std::string_view kMeaning = "\b\f\n\r\t";
    if (c == 'u') {
      i += append_unicode_escape(out, raw.substr(i));
    } else if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
      out += kMeaning[at];
    } else {
      out += c;
    }
  }
  return out;
}

void JsonSkimmer::reset() {
  depth_ = 0;
  skip_depth_ = 0;
  value_node_ = 0;
  in_string_ = string_is_key_ = expect_key_ = false;
  escaped_ = has_escapes_ = keeping_ = in_literal_ = cut_ = complete_ = false;
  text_size_ = 0;
}

std::uint8_t JsonSkimmer::child(std::uint8_t parent, std::string_view key) const {
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (nodes_[i].parent == parent && nodes_[i].key == key) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return kNoNode;
}

void JsonSkimmer::keep(const char* begin, const char* end) {
  const auto wanted = static_cast<std::size_t>(end - begin);
  const std::size_t taken = std::min(wanted, kMaxTextBytes - text_size_);
  std::memcpy(text_.data() + text_size_, begin, taken);
  text_size_ += taken;
  cut_ = cut_ || taken < wanted;
}

void JsonSkimmer::string_done(Visitor& visitor) {
  in_string_ = false;
  if (!keeping_) {
    return;
  }
  keeping_ = false;
  std::string_view text{text_.data(), text_size_};
  if (has_escapes_) {
    unescaped_ = unescape_json(text);
    text = unescaped_;
  }
  if (string_is_key_) {
    value_node_ = cut_ ? kNoNode : child(levels_[depth_].node, text);
  } else {
    visitor.on_found({value_node_, Kind::kString, text, cut_});
  }
}

const char* JsonSkimmer::string_bytes(const char* p, const char* end, Visitor& visitor) {
  while (p != end) {
    if (escaped_) {
      escaped_ = false;
      if (keeping_) {
        keep(p, p + 1);
      }
      ++p;
      continue;
    }
    const char* const stop = search::quote_or_backslash(p, end);
    if (keeping_) {
      keep(p, stop);
    }
    if (stop == end) {
      return end;
    }
    p = stop + 1;
    if (*stop == '"') {
      string_done(visitor);
      return p;
    }
    escaped_ = true;
    has_escapes_ = true;
    if (keeping_) {
      keep(stop, p);
    }
  }
  return p;
}

void JsonSkimmer::literal_done(Visitor& visitor) {
  if (!in_literal_) {
    return;
  }
  in_literal_ = false;
  visitor.on_found({value_node_, Kind::kLiteral, {text_.data(), text_size_}, cut_});
}

void JsonSkimmer::open(bool is_object, Visitor& visitor) {
  const std::uint8_t node = value_node_;
  ++depth_;
  if (node == kNoNode || depth_ > kMaxTrackedDepth) {
    skip_depth_ = depth_;
    return;
  }
  levels_[depth_] = {node, is_object, true};
  expect_key_ = is_object;
  if (is_object) {
    value_node_ = kNoNode;
    visitor.on_found({node, Kind::kObject, {}, false});
  }
}

void JsonSkimmer::close(Visitor& visitor) {
  if (depth_ == 0) {
    return;
  }
  const Level& level = levels_[depth_];
  if (!level.is_object) {
    visitor.on_found({level.node, level.empty ? Kind::kEmptyArray : Kind::kArray, {}, false});
  }
  --depth_;
  expect_key_ = false;
  value_node_ = kNoNode;
  complete_ = depth_ == 0;
}

void JsonSkimmer::structural(char c, Visitor& visitor) {
  Level& level = levels_[depth_];
  switch (c) {
    case '"':
      in_literal_ = false;  // only malformed text has a string right behind a literal
      level.empty = false;
      in_string_ = true;
      string_is_key_ = expect_key_;
      keeping_ = expect_key_ || value_node_ != kNoNode;
      has_escapes_ = cut_ = false;
      text_size_ = 0;
      return;
    case '{':
    case '[':
      in_literal_ = false;
      level.empty = false;
      open(c == '{', visitor);
      return;
    case '}':
    case ']':
      literal_done(visitor);
      close(visitor);
      return;
    case ',':
      literal_done(visitor);
      expect_key_ = depth_ > 0 && level.is_object;
      value_node_ = depth_ > 0 && !level.is_object ? level.node : kNoNode;
      return;
    case ':':
      in_literal_ = false;
      expect_key_ = false;
      return;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      literal_done(visitor);
      return;
    default:
      break;
  }
  level.empty = false;
  if (value_node_ == kNoNode) {
    return;
  }
  if (!in_literal_) {
    in_literal_ = true;
    cut_ = false;
    text_size_ = 0;
  }
  keep(&c, &c + 1);
}

void JsonSkimmer::feed(std::string_view bytes, Visitor& visitor) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  while (p != end && !complete_) {
    if (in_string_) {
      p = string_bytes(p, end, visitor);
      continue;
    }
    if (tracking()) {
      structural(*p++, visitor);
      continue;
    }
    p = search::quote_or_bracket(p, end);
    if (p == end) {
      return;
    }
    const char c = *p++;
    if (c == '"') {
      in_string_ = true;
      keeping_ = false;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ < skip_depth_) {
      skip_depth_ = 0;
      expect_key_ = false;
      value_node_ = kNoNode;
    }
  }
}

}  // namespace tollgate::dataplane::formats
