#pragma once

#include <array>
#include <span>

#include "dataplane/catalog/feature.h"

namespace tollgate::dataplane::catalog {

/// What one format brings to the loss tables. Internal: use feature.h.
struct FeatureTable {
  Format format;
  std::span<const RequestField> fields;
  std::span<const FeatureRow> rows;
};

// One line per format; its table stands in features_NAME.cc.
extern const FeatureTable kAnthropicFeatures;
extern const FeatureTable kConverseFeatures;
extern const FeatureTable kGeminiFeatures;
extern const FeatureTable kOpenAiChatFeatures;
extern const FeatureTable kOpenAiCompletionsFeatures;
extern const FeatureTable kOpenAiResponsesFeatures;

using FeatureRows = std::array<FeatureRow, kFeatureCount>;

/// For static_assert: one row per feature, in the order of the enumerators.
constexpr bool in_order(const FeatureRows& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].feature) != i) return false;
  }
  return true;
}

}  // namespace tollgate::dataplane::catalog
