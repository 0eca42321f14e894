#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/telemetry/families.h"

namespace tollgate::dataplane::telemetry {

/// Texts of labels as small numbers. Bounded: texts beyond the capacity become kOther, so that what
/// clients send cannot grow it.
class Symbols {
 public:
  explicit Symbols(std::size_t capacity);
  std::uint32_t intern(std::string_view text);
  [[nodiscard]] std::string_view text(std::uint32_t symbol) const { return texts_[symbol]; }

  static constexpr std::string_view kOther = "_OTHER";

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t symbol = UINT32_MAX;
  };
  std::size_t capacity_;
  std::vector<std::string> texts_;  // the first is kOther
  std::vector<Slot> slots_;
};

/// The series of one worker. One thread writes; whoever scrapes asks that thread for a copy, so no
/// cell is ever shared.
class Shard {
 public:
  Shard();

  void add(Family family, std::span<const std::string_view> labels, std::uint64_t amount);
  void observe(Family family, std::span<const std::string_view> labels, double value);

  /// visit(family, labels, buckets, sum): for a counter `buckets` holds its one value.
  template <typename Visitor>
  void each(Visitor&& visit) const {
    std::array<std::string_view, kMaxLabels> texts;
    for (std::size_t f = 0; f < kFamilies; ++f) {
      const auto family = static_cast<Family>(f);
      const std::size_t labels = family_info(family).labels.size();
      for (const Series& series : series_[f].all) {
        for (std::size_t i = 0; i < labels; ++i) texts[i] = text_of(family, i, series.labels[i]);
        visit(family, std::span<const std::string_view>(texts.data(), labels),
              std::span<const std::uint64_t>(cells_.data() + series.cells, cells_of(family)),
              series.sum);
      }
    }
  }

  /// Series of one family; what comes after shares one that is called kOther throughout.
  static constexpr std::size_t kMaxSeries = 2000;
  static constexpr std::size_t kMaxNames = 16'384;  // texts out of the configuration
  static constexpr std::size_t kMaxModels = 512;    // texts that clients and providers choose

 private:
  using Labels = std::array<std::uint32_t, kMaxLabels>;
  struct Series {
    Labels labels{};
    std::uint64_t hash = 0;
    std::size_t cells = 0;
    double sum = 0;
  };
  struct Group {
    std::vector<Series> all;
    std::vector<std::uint32_t> slots;  // positions in `all` + 1; 0 is empty
  };

  static std::size_t cells_of(Family family);
  [[nodiscard]] std::string_view text_of(Family family, std::size_t label,
                                         std::uint32_t symbol) const;
  Series& find(Family family, std::span<const std::string_view> labels);
  Series& find_or_add(Family family, const Labels& labels);

  Symbols names_;
  Symbols models_;
  std::array<Group, kFamilies> series_;
  std::vector<std::uint64_t> cells_;
};

}  // namespace tollgate::dataplane::telemetry
