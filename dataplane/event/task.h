#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "dataplane/event/list.h"

namespace tollgate::dataplane::event {

/// A callable that can be moved but not copied, called at most once: what crosses threads.
class Task {
 public:
  Task() = default;
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Task>)
  Task(F&& function) : body_(std::make_unique<Body<std::decay_t<F>>>(std::forward<F>(function))) {}

  void operator()() { body_->run(); }
  explicit operator bool() const { return body_ != nullptr; }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void run() = 0;
  };
  template <typename F>
  struct Body final : Base {
    explicit Body(F body) : function(std::move(body)) {}
    void run() override { function(); }
    F function;
  };
  std::unique_ptr<Base> body_;
};

/// Work of one object that the loop runs later: queued without allocation, at most once at a time,
/// taken out by its destructor. See Loop::run_soon, Loop::run_next_turn, Loop::add_turn_hook.
class Job : private ListNode {
 public:
  explicit Job(Callback callback) : callback_(callback) {}

  template <auto Method, typename Owner>
  static Job of(Owner& owner) {
    return Job(Callback::of<Method>(owner));
  }

  [[nodiscard]] bool queued() const { return linked(); }
  void cancel() { unlink(); }

 private:
  friend class Loop;
  Callback callback_;
};

/// Base of objects that may be asked to die while one of their own functions runs.
class Deferred {
 public:
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  virtual ~Deferred() = default;
};

}  // namespace tollgate::dataplane::event
