#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tollgate::dataplane::telemetry {

/// Every metric with labels that exchanges feed. One row each in families.cc.
enum class Family : std::uint8_t {
  kTokenUsage,
  kAiDuration,
  kFirstToken,
  kPerOutputToken,
  kRequests,
  kRequestDuration,
  kUpstreamHead,
  kRequestBytes,
  kResponseBytes,
  kLimitDecisions,
  kLimitCharges,
  kRequestCosts,
  kCostFailures,
  kStoreSeconds,
  kStoreErrors,
  kStalledConnections,
  kCount,
};

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

struct FamilyInfo {
  std::string_view name;
  std::string_view help;
  MetricType type;
  std::span<const std::string_view> labels;
  std::span<const double> bounds;  // histograms: upper bounds of the buckets
};

const FamilyInfo& family_info(Family family);

inline constexpr std::size_t kFamilies = static_cast<std::size_t>(Family::kCount);
inline constexpr std::size_t kMaxLabels = 6;

}  // namespace tollgate::dataplane::telemetry
