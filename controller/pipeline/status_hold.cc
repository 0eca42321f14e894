#include "controller/pipeline/status_hold.h"

#include <algorithm>
#include <vector>

namespace tollgate::controller::pipeline {

void StatusHold::take(const resolve::StatusUpdate& update) {
  if (!update.awaited) {
    held_.erase(update.id);
    send_(update);
    return;
  }
  const auto [at, first] = held_.try_emplace(update.id, Held{update, executor_.now() + kPatience});
  if (!first) at->second.update = update;
  if (!timer_.running()) arm();
}

void StatusHold::arm() {
  const auto next = std::min_element(held_.begin(), held_.end(), [](const auto& a, const auto& b) {
    return a.second.due < b.second.due;
  });
  if (next == held_.end()) return;
  timer_.start(next->second.due - executor_.now(), [this] { send_due(); });
}

void StatusHold::send_due() {
  std::vector<resolve::StatusUpdate> due;
  for (auto at = held_.begin(); at != held_.end();) {
    if (at->second.due > executor_.now()) {
      ++at;
      continue;
    }
    due.push_back(std::move(at->second.update));
    at = held_.erase(at);
  }
  arm();
  for (const resolve::StatusUpdate& update : due) send_(update);
}

}  // namespace tollgate::controller::pipeline
