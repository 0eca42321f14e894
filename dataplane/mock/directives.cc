#include "dataplane/mock/directives.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::string_view kMarker = "[[mock ";
constexpr std::string_view kFaultModel = "mock-error-";
constexpr int kFirstErrorStatus = 400;
constexpr int kLastErrorStatus = 599;

constexpr std::array<std::pair<std::string_view, Fault>, 10> kFaults{{
    {"html", Fault::kHtml},
    {"empty", Fault::kEmpty},
    {"200-error", Fault::kErrorIn200},
    {"stream-error", Fault::kStreamError},
    {"cut", Fault::kCut},
    {"early-cut", Fault::kEarlyCut},
    {"garbage", Fault::kGarbage},
    {"unfinished", Fault::kUnfinished},
    {"disorder", Fault::kDisorder},
    {"unknown-event", Fault::kUnknown},
}};

void read_fault(std::string_view name, Directives& directives) {
  const auto number = base::parse_u64(name);
  if (number && *number >= kFirstErrorStatus && *number <= kLastErrorStatus) {
    directives.status = static_cast<int>(*number);
  }
  if (name == "hang") directives.hang = true;
  for (const auto& [word, fault] : kFaults) {
    if (word == name) directives.fault = fault;
  }
}

void read_number(std::string_view name, std::uint64_t number, Directives& directives) {
  if (name == "chunks") directives.chunks = std::min<std::size_t>(number, kChunkLimit);
  if (name == "calls") directives.calls = std::clamp<std::size_t>(number, 1, kCallLimit);
  if (name == "cached") directives.cached_tokens = number;
  if (name == "cut") directives.cut_after = number;
  if (name == "fail") directives.fail_after = number;
  if (name == "delay") {
    directives.delay = std::min(
        kDelayLimit, std::chrono::milliseconds(std::min<std::uint64_t>(number, 1'000'000)));
  }
}

void read_directive(std::string_view word, Directives& directives) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view text =
      equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
  if (name == "hang") directives.hang = true;
  if (name == "status" || name == "fault") read_fault(text, directives);
  if (name == "usage") {
    const std::size_t slash = text.find('/');
    directives.input_tokens = base::parse_u64(text.substr(0, slash));
    if (slash != std::string_view::npos) {
      directives.output_tokens = base::parse_u64(text.substr(slash + 1));
    }
    return;
  }
  if (const auto number = base::parse_u64(text)) read_number(name, *number, directives);
}

}  // namespace

bool is_fault_model(std::string_view model) {
  return model.substr(0, kFaultModel.size()) == kFaultModel;
}

Directives read_directives(std::string_view text, std::string_view model) {
  Directives directives;
  if (is_fault_model(model)) read_fault(model.substr(kFaultModel.size()), directives);
  const std::size_t start = text.find(kMarker);
  if (start == std::string_view::npos) return directives;
  text.remove_prefix(start + kMarker.size());
  text = text.substr(0, text.find("]]"));
  for (const std::string_view word : base::split(text, ' ')) read_directive(word, directives);
  return directives;
}

}  // namespace tollgate::dataplane::mock
