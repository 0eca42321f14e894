#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/proxy/worker.h"

namespace tollgate::dataplane::proxy {

/// Posts to a mailbox that is known to be read: waits while it is full.
template <typename Function>
void post_surely(event::Mailbox& mailbox, const Function& function) {
  while (!mailbox.post(function)) std::this_thread::yield();
}

/// Asks every worker for its part (`Part ask(Worker&)`, on the worker's thread) and calls `done`
/// with all of them on the thread of `home`, which is the caller's.
template <typename Part, typename Ask>
void gather(const std::shared_ptr<event::Mailbox>& home,
            const std::vector<std::unique_ptr<Worker>>& workers, const Ask& ask,
            std::function<void(std::vector<Part>)> done) {
  struct State {
    std::vector<Part> parts;
    std::size_t missing = 0;
    std::function<void(std::vector<Part>)> done;
  };
  auto state = std::make_shared<State>();
  state->parts.resize(workers.size());
  state->missing = workers.size();
  state->done = std::move(done);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    Worker* const worker = workers[i].get();
    post_surely(*worker->mailbox(), [worker, ask, state, home, i] {
      auto part = std::make_shared<Part>(ask(*worker));
      post_surely(*home, [state, part, i] {
        state->parts[i] = std::move(*part);
        if (--state->missing > 0) return;
        // Moved out, so that nothing of the caller's dies on a worker's thread.
        const auto all_here = std::move(state->done);
        all_here(std::move(state->parts));
      });
    });
  }
}

}  // namespace tollgate::dataplane::proxy
