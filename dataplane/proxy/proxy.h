#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/event/task.h"
#include "dataplane/net/address.h"
#include "dataplane/net/stream.h"
#include "dataplane/proxy/options.h"
#include "dataplane/snapshot/compiler.h"
#include "dataplane/telemetry/exposition.h"

namespace tollgate::dataplane::proxy {

/// A listener that is served, for ready lines.
struct ServedListener {
  std::string key;
  std::string gateway;  // "NS/NAME"
  std::uint16_t bind_port = 0;
};

/// What became of a delta: an acknowledgement, or a refusal with the keys that are at fault.
/// Nothing of a refused delta is served; what was served before goes on.
struct ApplyResult {
  bool accepted = false;
  /// Of the set that is served now by every worker: the delta's if accepted.
  std::string revision;
  /// Refused: what cannot be served, and why. Accepted: listeners whose sockets cannot be opened
  /// (tried again with every apply and every kReopenInterval).
  std::vector<snapshot::Refusal> problems;
  std::vector<ServedListener> listeners;
};

/// A credential that nothing can be signed with now.
struct CredentialProblem {
  std::string key;
  std::string why;
};

/// The data plane as one object: workers, the thread that compiles snapshots and hands them out,
/// the admin server. `tollgate run` holds one in process, `tollgate-proxy` is little else. Its
/// functions may be called from any thread; callbacks run on the service thread and must not block.
class Proxy {
 public:
  using Done = std::function<void(const ApplyResult&)>;

  static base::Result<std::unique_ptr<Proxy>> start(Options options);
  /// Stops at once; see `drain`.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// The one entrance of configuration. Deltas are applied in the order of the calls; `done` is
  /// called when every worker serves the outcome.
  void apply(snapshot::Delta delta, Done done);
  /// The same, waiting for it; not to be called on the service thread.
  ApplyResult apply_and_wait(snapshot::Delta delta);

  /// Ends serving without breaking what is under way (Options::drain_delay, drain_timeout), then
  /// calls `done`.
  void drain(std::function<void()> done);
  void drain_and_wait();

  /// Runs `task` on the service thread, whose loop and resolver others may share (a push channel).
  void post(event::Task task);
  [[nodiscard]] const net::IoContext& service_io() const;
  [[nodiscard]] net::dns::Resolver& service_resolver();
  /// On the service thread: the set that is held, its readiness, and credentials out of order.
  [[nodiscard]] const snapshot::ResourceSet& resources() const;
  [[nodiscard]] bool ready() const;
  [[nodiscard]] std::vector<CredentialProblem> credential_problems() const;
  /// On the service thread: called there whenever credential_problems() may have changed.
  void on_credentials(std::function<void()> changed);

  /// Calls `done` on the service thread with the metrics of this proxy, without those of the
  /// process: who runs several proxies adds them up.
  void collect(std::function<void(telemetry::Exposition)> done);

  /// Where the admin server is; nullopt without one.
  [[nodiscard]] std::optional<net::Address> admin_address() const;

  static constexpr std::chrono::seconds kReopenInterval{1};

 private:
  class Impl;
  explicit Proxy(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::proxy
