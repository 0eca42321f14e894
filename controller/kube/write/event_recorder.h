#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"

namespace tollgate::controller::kube::write {

struct EventOptions {
  std::string controller = "tollgate.dev/gateway-controller";
  std::string instance;  // the pod's name
  std::size_t max_queue = 1000;
  std::size_t max_series = 4096;  // remembered (object, reason, action, type) combinations
  int max_tries = 12;
  double object_burst = 25;  // per object, then one per object_refill
  std::chrono::milliseconds object_refill{300'000};
  std::size_t aggregate_after = 10;  // events of one object and reason with differing notes ...
  std::chrono::milliseconds aggregate_window{600'000};  // ... within that time become one series
  std::chrono::milliseconds series_heartbeat{1'800'000};
  std::chrono::milliseconds series_end{360'000};
  BackoffOptions backoff;
};

struct ObjectEvent {
  ObjectRef regarding;
  std::string uid;
  std::string resource_version;
  bool warning = false;
  std::string reason;  // CamelCase
  std::string action;  // what we did or tried, CamelCase
  std::string note;
};

struct EventStats {
  std::uint64_t written = 0;
  std::uint64_t aggregated = 0;
  std::uint64_t dropped = 0;  // by a limit or after failures
};

/// Writes events.k8s.io/v1 Events: repetitions become one series, floods are cut per object, and
/// nothing here ever delays or fails the caller.
class EventRecorder {
 public:
  EventRecorder(Api& api, Executor& executor, EventOptions options);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void record(ObjectEvent event);
  /// Leadership: what is recorded while disabled is dropped.
  void set_enabled(bool enabled);
  [[nodiscard]] EventStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::write
