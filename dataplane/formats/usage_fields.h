#pragma once

#include <cstdint>
#include <span>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/json_skim.h"

namespace tollgate::dataplane::formats {

/// What a place in an answer means to the ledger.
enum class UsageField : std::uint8_t {
  kNothing,
  kInput,
  kOutput,
  kTotal,
  kCacheRead,
  kCacheWrite,
  kReasoning,
  kModel,
  kFinishReason,
  kContent,  // a token of the answer
  kType,     // Anthropic's name of the event
  kError,
  // Bedrock's own figures at the end of a stream: used where Anthropic's are missing.
  kMetricsInput,
  kMetricsOutput,
  kMetricsCacheRead,
  kMetricsCacheWrite,
};

/// The places of a format, and for each (by index) what it means.
struct UsagePlaces {
  std::span<const SkimNode> nodes;
  std::span<const UsageField> fields;
};

/// Empty for formats whose figures only their decoder knows.
UsagePlaces usage_places(catalog::Format format);

/// The same, and for formats without such places what tells an answer from an error.
UsagePlaces answer_places(catalog::Format format);

}  // namespace tollgate::dataplane::formats
