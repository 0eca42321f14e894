#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "controller/kube/api.h"
#include "controller/kube/backoff.h"
#include "controller/kube/cache/store.h"
#include "controller/kube/executor.h"
#include "controller/kube/write/applier.h"
#include "controller/push/identity.h"

namespace tollgate::controller::pipeline {

/// Name of the Secret that holds the push channel's authority, in the operator's namespace.
inline constexpr const char* kAuthoritySecret = "tollgate-push-authority";

struct GatewayRef {
  std::string namespace_;
  std::string name;
  std::string uid;
};

/// Keeps the push channel's certificates in Secrets: the authority, which the leader makes and
/// renews and every replica reads, and one identity per Gateway. Belongs to the executor.
class IdentityKeeper {
 public:
  /// `on_authority` is called whenever there is a new authority. `store` outlives the keeper.
  IdentityKeeper(kube::Api& api, kube::Executor& executor, const kube::cache::Store& store,
                 std::string own_namespace, std::function<void()> on_authority);

  void set_leader(bool leader) { leader_ = leader; }
  /// Calls back when no write is under way.
  void when_idle(std::function<void()> callback);
  /// Looks at the Secret and the clock; makes or renews the authority if that is due. Called after
  /// changes and once an hour, and by itself after a write that failed.
  void refresh();
  [[nodiscard]] const std::optional<push::Files>& authority() const { return authority_; }

  /// The Secret of a Gateway's proxies as it should be now; null without an authority.
  [[nodiscard]] kube::JsonPtr gateway_secret(const GatewayRef& gateway) const;

 private:
  void write(push::Files files);
  void take(push::Files files);

  kube::Api& api_;
  kube::Executor& executor_;
  const kube::cache::Store& store_;
  std::string namespace_;
  std::function<void()> on_authority_;
  bool leader_ = false;
  bool writing_ = false;
  std::vector<std::function<void()>> idle_;
  kube::Backoff backoff_;
  kube::Timer retry_;  // after a write that failed
  std::optional<push::Files> authority_;
  kube::Call call_;
};

}  // namespace tollgate::controller::pipeline
