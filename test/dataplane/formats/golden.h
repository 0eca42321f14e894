#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All files below testdata/FOLDER that end in `suffix`, sorted.
inline std::vector<std::filesystem::path> testdata_files(std::string_view folder,
                                                         std::string_view suffix) {
  std::vector<std::filesystem::path> found;
  const auto root = std::filesystem::path(TOLLGATE_TESTDATA) / folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().filename().string().ends_with(suffix)) {
      found.push_back(entry.path());
    }
  }
  if (found.empty()) throw std::runtime_error("no testdata in " + root.string());
  std::sort(found.begin(), found.end());
  return found;
}

/// What `path` holds; first written with `actual` if TOLLGATE_REWRITE_GOLDENS is set.
inline std::string golden(const std::filesystem::path& path, std::string_view actual) {
  if (std::getenv("TOLLGATE_REWRITE_GOLDENS") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
  }
  return read_file(path);
}

/// Calls `run(pieces)` for the whole text, every division into two and single bytes.
template <typename Run>
void for_every_split(std::string_view text, Run&& run) {
  run(std::vector<std::string_view>{text});
  for (std::size_t at = 1; at < text.size(); ++at) {
    run(std::vector<std::string_view>{text.substr(0, at), text.substr(at)});
  }
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    bytes.push_back(text.substr(at, 1));
  }
  run(bytes);
}

}  // namespace tollgate::test
