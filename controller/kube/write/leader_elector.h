#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "controller/kube/api.h"
#include "dataplane/base/result.h"

namespace tollgate::controller::kube::write {

struct LeaderElectorOptions {
  std::string namespace_;
  std::string name = "tollgate-controller";
  std::string identity;  // make_identity()
  std::chrono::milliseconds lease_duration{15'000};
  std::chrono::milliseconds renew_deadline{10'000};
  std::chrono::milliseconds retry_period{2'000};
};

struct LeaderCallbacks {
  std::function<void()> on_started;
  /// Leadership is lost (not given up): stop acting at once; the process should end.
  std::function<void()> on_lost;
  std::function<void(const std::string& identity)> on_leader;
};

/// Who holds the Lease. In a pod POD_NAME and POD_UID: of a pod's container there is one process at
/// a time, so that one that was restarted goes on with the Lease that it still holds, and no other
/// process can be mistaken for it. Elsewhere POD_NAME or the host's name, with a random part.
std::string make_identity();

/// Leadership by a Lease object: the algorithm of Kubernetes' own components. Only our own
/// monotonic clock decides when another's lease has run out.
class LeaderElector {
 public:
  static dataplane::base::Result<std::unique_ptr<LeaderElector>> create(
      Api& api, Executor& executor, LeaderElectorOptions options, LeaderCallbacks callbacks);
  ~LeaderElector();
  LeaderElector(const LeaderElector&) = delete;
  LeaderElector& operator=(const LeaderElector&) = delete;

  void start();
  /// Stops, gives the lease back if it is ours (call when the writers have stopped), calls `done`.
  void release(std::function<void()> done);
  [[nodiscard]] bool is_leader() const;
  /// The holder that was last seen; may be empty.
  [[nodiscard]] const std::string& leader() const;
  /// False if we lead and the lease has not been renewed for lease_duration + `tolerance`: a hung
  /// process. `is_leader` and `healthy` may be called from any thread.
  [[nodiscard]] bool healthy(std::chrono::milliseconds tolerance = std::chrono::seconds(20)) const;

 private:
  struct Impl;
  explicit LeaderElector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::write
