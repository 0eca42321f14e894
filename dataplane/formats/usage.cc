#include "dataplane/formats/usage.h"

#include <algorithm>
#include <initializer_list>

namespace tollgate::dataplane::formats {
namespace {

constexpr std::size_t kBytesPerToken = 4;

using Counter = std::optional<std::uint64_t>;
constexpr std::initializer_list<Counter Usage::*> kCounters{
    &Usage::input,  &Usage::cached_input, &Usage::cache_creation,
    &Usage::output, &Usage::reasoning,    &Usage::total};

std::uint64_t tokens_of_bytes(std::size_t bytes) {
  return (static_cast<std::uint64_t>(bytes) + kBytesPerToken - 1) / kBytesPerToken;
}

std::uint64_t tokens_of_content(const UsageHints& hints) {
  return std::max(hints.content_events, tokens_of_bytes(hints.content_bytes));
}

/// A provider that reports nothing but zeros for an answer with content does not count.
bool counts_nothing(const Usage& usage, const UsageHints& hints) {
  return usage.input == 0U && usage.output == 0U && tokens_of_content(hints) > 0;
}

void cut_to(Counter& part, std::uint64_t whole, Usage& usage) {
  if (!part || *part <= whole) return;
  part = whole;
  usage.estimated = true;
}

void cut_parts(Usage& usage) {
  cut_to(usage.cached_input, *usage.input, usage);
  cut_to(usage.cache_creation, *usage.input - usage.cached_input.value_or(0), usage);
  cut_to(usage.reasoning, *usage.output, usage);
}

/// Character classes of base64 and its URL form; 0: not of it.
unsigned class_of(char c) {
  if (c >= 'a' && c <= 'z') return 1;
  if (c >= 'A' && c <= 'Z') return 2;
  const bool other = (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=' || c == '-' ||
                     c == '_' || c == '\\';  // "\/" in JSON
  return other ? 4 : 0;
}

}  // namespace

void estimate_missing(Usage& usage, const UsageHints& hints) {
  if (counts_nothing(usage, hints)) {
    usage.input.reset();
    usage.output.reset();
    usage.total.reset();
  }
  if (!usage.input) {
    usage.input = tokens_of_bytes(hints.request_text_bytes);
    usage.estimated = true;
  }
  const std::uint64_t seen = hints.has_output ? tokens_of_content(hints) : 0;
  if ((!usage.output && hints.has_output) ||
      (hints.unfinished && seen > usage.output.value_or(0))) {
    usage.output = seen;
    usage.estimated = true;
  }
  if (!usage.output) usage.output = 0;
  cut_parts(usage);
  if (!usage.total || *usage.total < *usage.input + *usage.output) {
    usage.total = *usage.input + *usage.output;
  }
}

std::uint64_t fresh_input(const Usage& usage) {
  const std::uint64_t all = usage.input.value_or(0);
  return all - std::min(all, usage.cached_input.value_or(0) + usage.cache_creation.value_or(0));
}

void add_usage(Usage& sum, const Usage& more) {
  for (const auto counter : kCounters) {
    if (more.*counter) sum.*counter = (sum.*counter).value_or(0) + *(more.*counter);
  }
  sum.reported = sum.reported || more.reported;
  sum.estimated = sum.estimated || more.estimated;
}

void raise_usage(Usage& usage, const Usage& later) {
  for (const auto counter : kCounters) {
    if (later.*counter) usage.*counter = std::max((usage.*counter).value_or(0), *(later.*counter));
  }
  usage.reported = usage.reported || later.reported;
  usage.estimated = usage.estimated || later.estimated;
}

void TextMeter::add(std::string_view text) {
  for (const char c : text) {
    const unsigned which = class_of(c);
    if (which != 0) {
      run_classes_ |= which;
      ++run_bytes_;
    } else {
      end_run();
      ++bytes_;
    }
  }
}

void TextMeter::end_run() {
  const bool binary = run_bytes_ >= kLongRunBytes && (run_classes_ & 3U) == 3U;
  bytes_ += binary ? std::min(run_bytes_, kPictureBytes) : run_bytes_;
  run_bytes_ = 0;
  run_classes_ = 0;
}

std::size_t TextMeter::bytes() const {
  TextMeter whole = *this;
  whole.end_run();
  return whole.bytes_;
}

}  // namespace tollgate::dataplane::formats
