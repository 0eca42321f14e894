#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tollgate::fuzz {

/// Divides `text` into pieces whose sizes come from `seed`: the same seed, the same division.
inline std::vector<std::string_view> pieces_of(std::string_view text, std::uint8_t seed) {
  std::vector<std::string_view> pieces;
  std::uint32_t state = seed * 2654435761U + 1U;
  while (!text.empty()) {
    state = state * 1664525U + 1013904223U;
    const std::size_t wanted = 1 + (state >> 24U) % (seed % 64U + 1U);
    const std::size_t size = wanted < text.size() ? wanted : text.size();
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

}  // namespace tollgate::fuzz
