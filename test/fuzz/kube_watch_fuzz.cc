#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "controller/kube/watch_decoder.h"

namespace {

using tollgate::controller::kube::WatchDecoder;
using tollgate::controller::kube::WatchEvent;

constexpr std::size_t kMaxEventBytes = 4096;

struct Outcome {
  std::vector<WatchEvent> events;
  bool failed = false;
};

Outcome decode(std::string_view bytes, std::size_t step) {
  WatchDecoder decoder(kMaxEventBytes);
  Outcome outcome;
  while (!bytes.empty() && !outcome.failed) {
    const std::string_view part = bytes.substr(0, step);
    outcome.failed = !decoder.push(part, outcome.events);
    bytes.remove_prefix(part.size());
  }
  return outcome;
}

}  // namespace

/// However a stream is cut, the same events come out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = decode(bytes, size + 1);
  const Outcome cut = decode(bytes, 1);
  if (whole.failed != cut.failed || whole.events.size() != cut.events.size()) std::abort();
  for (std::size_t i = 0; i < whole.events.size(); ++i) {
    if (whole.events[i].type != cut.events[i].type) std::abort();
    if (*whole.events[i].object != *cut.events[i].object) std::abort();
  }
  return 0;
}
