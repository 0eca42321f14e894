#include "dataplane/http/path.h"

#include <cstring>

#include "dataplane/http/grammar.h"

namespace tollgate::dataplane::http {

namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

base::Error refused(const char* why) {
  return base::client_error(base::Code::kInvalidArgument, why);
}

/// True if the normal form is the text itself: only path characters, no escapes, no dot segments,
/// no empty segments that would be merged.
bool is_normal(std::string_view path, bool merge_slashes) {
  char previous = 0;
  for (const char c : path) {
    if (!is_class(c, kPathChar)) return false;
    if (previous == '/' && (c == '.' || (c == '/' && merge_slashes))) return false;
    previous = c;
  }
  return true;
}

char* put_escape(char* out, unsigned value) {
  *out++ = '%';
  *out++ = kHexDigits[value >> 4U];
  *out++ = kHexDigits[value & 15U];
  return out;
}

/// The value of the escape at `path[at]`, or -1.
int escape_at(std::string_view path, std::size_t at) {
  if (at + 2 >= path.size() || path[at] != '%') return -1;
  const int high = hex_value(path[at + 1]);
  const int low = hex_value(path[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// A lead byte that only an overlong form has, given the byte that follows it (or -1).
bool starts_overlong(int lead, int next) {
  if (lead == 0xC0 || lead == 0xC1) return true;
  if (lead == 0xE0) return next >= 0x80 && next < 0xA0;
  return lead == 0xF0 && next >= 0x80 && next < 0x90;
}

/// First pass: one spelling for every character. `out` has room for three times the input.
class Unescaper {
 public:
  Unescaper(std::string_view raw, EscapedSlash policy, char* out)
      : raw_(raw), policy_(policy), begin_(out), out_(out) {}

  /// The reason of the refusal, or nullptr.
  const char* run() {
    for (at_ = 0; at_ < raw_.size(); ++at_) {
      const char c = raw_[at_];
      if (is_class(c, kPathChar)) {
        *out_++ = c;
      } else if (c == '%') {
        if (const char* why = take_escape()) return why;
      } else if (c <= ' ' || c >= 0x7F || c == '\\' || c == '?' || c == '#') {
        return "character not allowed in a path";
      } else {
        out_ = put_escape(out_, static_cast<unsigned char>(c));
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::string_view text() const {
    return {begin_, static_cast<std::size_t>(out_ - begin_)};
  }
  [[nodiscard]] bool unescaped_slash() const { return unescaped_slash_; }

 private:
  const char* take_escape() {
    const int value = escape_at(raw_, at_);
    if (value < 0) return "broken escape in the path";
    if (value == 0) return "escaped NUL in the path";
    if (starts_overlong(value, escape_at(raw_, at_ + 3))) return "overlong escape in the path";
    at_ += 2;
    const char c = static_cast<char>(value);
    if (is_class(c, kUnreservedChar)) {
      *out_++ = c;
    } else if ((c == '/' || c == '\\') && policy_ != EscapedSlash::kKeep) {
      if (policy_ == EscapedSlash::kReject) return "escaped slash in the path";
      unescaped_slash_ = true;
      *out_++ = '/';
    } else {
      out_ = put_escape(out_, static_cast<unsigned>(value));
    }
    return nullptr;
  }

  std::string_view raw_;
  EscapedSlash policy_;
  char* begin_;
  char* out_;
  std::size_t at_ = 0;
  bool unescaped_slash_ = false;
};

/// "..;x", ".;x" and the same with an escaped semicolon: dot segments to some servers only.
bool is_ambiguous_dots(std::string_view segment) {
  std::size_t dots = 0;
  while (dots < segment.size() && dots < 3 && segment[dots] == '.') ++dots;
  if (dots == 0 || dots > 2) return false;
  const std::string_view rest = segment.substr(dots);
  return rest.substr(0, 1) == ";" || rest.substr(0, 3) == "%3B";
}

/// Second pass, in place: `text[0]` is '/'. Returns the new size, or 0 for an ambiguous segment.
std::size_t resolve_segments(char* text, std::size_t size, bool merge_slashes) {
  std::size_t out = 0;  // text[0..out) is a sequence of "/segment"
  std::size_t at = 1;
  while (true) {
    const void* slash = std::memchr(text + at, '/', size - at);
    const std::size_t end =
        slash == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(slash) - text);
    const bool last = end == size;
    const std::string_view segment(text + at, end - at);
    if (is_ambiguous_dots(segment)) return 0;
    const bool up = segment == "..";
    if (up) {
      while (out > 0) {
        if (text[--out] == '/') break;
      }
    }
    if (up || segment == ".") {
      if (last) text[out++] = '/';
    } else if (!segment.empty() || last || !merge_slashes) {
      text[out++] = '/';
      std::memmove(text + out, segment.data(), segment.size());
      out += segment.size();
    }
    if (last) return out;
    at = end + 1;
  }
}

}  // namespace

base::Result<NormalPath> normalize_path(std::string_view raw, const PathPolicy& policy,
                                        base::Arena& arena) {
  if (raw.empty() || raw.front() != '/') return refused("path does not start with a slash");
  if (is_normal(raw, policy.merge_slashes)) return NormalPath{raw, false, false};
  auto* memory = arena.allocate_array<char>(raw.size() * 3);
  Unescaper unescaper(raw, policy.escaped_slash, memory);
  if (const char* why = unescaper.run()) return refused(why);
  const std::size_t size = resolve_segments(memory, unescaper.text().size(), policy.merge_slashes);
  if (size == 0) return refused("dot segment with parameters");
  NormalPath result;
  result.path = {memory, size};
  result.changed = result.path != raw;
  result.unescaped_slash = unescaper.unescaped_slash();
  return result;
}

}  // namespace tollgate::dataplane::http
