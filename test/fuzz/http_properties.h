#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

// What the HTTP fuzz targets share. The checks of written heads are a second opinion: they use
// nothing of the codecs.
namespace tollgate::fuzz {

[[noreturn]] inline void broken(const char* property, std::string_view a, std::string_view b) {
  std::fprintf(stderr, "%s\n--- one\n%.*s\n--- other\n%.*s\n", property, static_cast<int>(a.size()),
               a.data(), static_cast<int>(b.size()), b.data());
  std::abort();
}

/// The input's first two bytes choose where the rest is divided.
struct Divided {
  std::string_view whole;
  std::vector<std::string_view> pieces;
};

inline Divided divide(const std::uint8_t* data, std::size_t size) {
  Divided result;
  if (size < 2) return result;
  result.whole = {reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::size_t room = result.whole.size() + 1;
  std::size_t a = data[0] % room;
  std::size_t b = (data[0] + std::size_t{data[1]} * 7) % room;
  if (a > b) std::swap(a, b);
  result.pieces = {result.whole.substr(0, a), result.whole.substr(a, b - a),
                   result.whole.substr(b)};
  return result;
}

/// Several faults in one head are told of in the order in which they are met, which depends on how
/// the head arrives; that it is refused does not.
inline std::string without_status(std::string transcript) {
  const std::size_t at = transcript.find("ERROR ");
  if (at != std::string::npos) transcript.erase(at + 5, 4);
  return transcript;
}

inline bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

struct StrictHead {
  std::string_view first_line;
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
};

/// Reads a written head the narrowest way there is; false if anything is out of the ordinary.
inline bool strict_head(std::string_view text, StrictHead& head) {
  bool first = true;
  while (true) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte < 0x20 && c != '\t') || byte == 0x7F) return false;
    }
    if (line.empty()) return !first && text.empty();
    if (first) {
      head.first_line = line;
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    std::string name(line.substr(0, colon));
    if (!std::all_of(name.begin(), name.end(), is_name_char)) return false;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c == '_' ? '-' : c;
    });
    if (line.substr(colon, 2) != ": ") return false;
    const std::string_view value = line.substr(colon + 2);
    head.hosts += name == "host" ? 1 : 0;
    if (name == "content-length") {
      ++head.lengths;
      if (value.empty() || value.find_first_not_of("0123456789") != value.npos) return false;
    }
    if (name == "transfer-encoding") {
      ++head.codings;
      if (value != "chunked") return false;
    }
  }
}

}  // namespace tollgate::fuzz
