#include "dataplane/formats/usage.h"

#include <algorithm>

namespace tollgate::dataplane::formats {
namespace {

constexpr std::size_t kBytesPerToken = 4;

std::uint64_t tokens_of_bytes(std::size_t bytes) {
  return (static_cast<std::uint64_t>(bytes) + kBytesPerToken - 1) / kBytesPerToken;
}

}  // namespace

void estimate_missing(Usage& usage, const UsageHints& hints) {
  if (!usage.input) {
    usage.input = tokens_of_bytes(hints.request_text_bytes);
    usage.estimated = true;
  }
  if (!usage.output) {
    usage.output =
        hints.content_events > 0 ? hints.content_events : tokens_of_bytes(hints.content_bytes);
    usage.estimated = true;
  }
  if (hints.unfinished && hints.content_events > *usage.output) {
    usage.output = hints.content_events;
    usage.estimated = true;
  }
  if (!usage.total || *usage.total < *usage.input + *usage.output) {
    usage.total = *usage.input + *usage.output;
  }
}

}  // namespace tollgate::dataplane::formats
