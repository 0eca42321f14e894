#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/telemetry/shard.h"

namespace tollgate::dataplane::telemetry {

/// A metric that its owner reads when somebody scrapes.
struct Reading {
  std::string_view name;
  std::string_view help;
  MetricType type = MetricType::kGauge;
  std::vector<std::pair<std::string_view, std::string>> labels;
  double value = 0;
};

/// Adds up the shards of all workers and writes the Prometheus text format (0.0.4).
class Exposition {
 public:
  void add(const Shard& shard);
  /// Readings of one name must be added one after another.
  void add(Reading reading) { readings_.push_back(std::move(reading)); }
  /// Adds up with another one: series with the same name and labels become one.
  void merge(const Exposition& other);
  [[nodiscard]] std::string text() const;

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Sum {
    std::vector<std::uint64_t> cells;
    double sum = 0;
  };
  using Labels = std::vector<std::string>;
  std::array<std::map<Labels, Sum>, kFamilies> sums_;
  std::vector<Reading> readings_;
};

}  // namespace tollgate::dataplane::telemetry
