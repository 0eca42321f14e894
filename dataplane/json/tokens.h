#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"

namespace tollgate::dataplane::json {

/// Where each token of a checked document starts, and which bracket closes which. Finding the
/// tokens (and checking UTF-8, control characters and closed strings) is simdjson's first stage;
/// one walk over them then checks everything else. Internal: use Reader.
class Tokens {
 public:
  explicit Tokens(std::size_t max_depth);
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;
  ~Tokens();

  base::Status build(std::string_view padded);

  [[nodiscard]] char first(std::uint32_t token) const { return text_[starts_[token]]; }
  [[nodiscard]] std::size_t start(std::uint32_t token) const { return starts_[token]; }
  /// The closing bracket of an object or array; the token itself for scalars.
  [[nodiscard]] std::uint32_t last(std::uint32_t token) const {
    const char c = first(token);
    return c == '{' || c == '[' ? closing_[token] : token;
  }
  /// A scalar's bytes (strings with their quotes), or a bracket.
  [[nodiscard]] std::string_view text(std::uint32_t token) const;
  [[nodiscard]] std::string_view raw(std::uint32_t token) const;
  /// A string token decoded: a view of the document if it has no escapes.
  [[nodiscard]] std::string_view decoded(std::uint32_t token) const;
  [[nodiscard]] std::string_view document() const { return text_; }

 private:
  struct Index;  // simdjson's
  class Walk;

  base::Status index(std::string_view padded);
  void release_if_large();

  std::size_t max_depth_;
  std::unique_ptr<Index> index_;
  std::string_view text_;
  const std::uint32_t* starts_ = nullptr;
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> closing_;  // by opening token; other entries have no meaning
  std::vector<std::uint32_t> open_;     // the walk's stack
  mutable base::Arena decoded_{kDecodedBlockBytes};

  static constexpr std::size_t kDecodedBlockBytes = 16U << 10U;
};

}  // namespace tollgate::dataplane::json
