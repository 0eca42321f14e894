#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace tollgate::dataplane::formats::chat {

/// A row of a dialect's words for endings, or for kinds of errors. The first row of a meaning has
/// the word for it, the first row of a word its meaning.
template <typename Meaning>
struct Word {
  std::string_view word;
  Meaning meaning;
};

template <typename Meaning, std::size_t N>
std::string_view word_of(const std::array<Word<Meaning>, N>& rows, Meaning meaning,
                         std::string_view otherwise) {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.meaning == meaning; });
  return row == rows.end() ? otherwise : row->word;
}

template <typename Meaning, std::size_t N>
Meaning meaning_of(const std::array<Word<Meaning>, N>& rows, std::string_view word,
                   Meaning otherwise) {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.word == word; });
  return row == rows.end() ? otherwise : row->meaning;
}

}  // namespace tollgate::dataplane::formats::chat
