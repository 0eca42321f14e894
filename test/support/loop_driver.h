#pragma once

#include <chrono>
#include <utility>

#include "dataplane/event/loop.h"

namespace tollgate::test {

/// Turns the loop until `done()` holds. False if it does not within the patience, which is real
/// time and only bounds a test that fails.
template <typename Done>
bool run_until(dataplane::event::Loop& loop, Done&& done,
               std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    loop.turn(std::chrono::milliseconds(10));
  }
  return true;
}

/// Turns the loop a few times without waiting: what is ready is handled.
inline void settle(dataplane::event::Loop& loop, int turns = 5) {
  for (int i = 0; i < turns; ++i) loop.turn(std::chrono::milliseconds(0));
}

}  // namespace tollgate::test
