#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "controller/api/view.h"
#include "controller/kube/api.h"
#include "controller/kube/cache/discovery.h"
#include "controller/kube/cache/informer.h"
#include "controller/kube/cache/store.h"
#include "controller/kube/executor.h"
#include "controller/kube/write/applier.h"
#include "controller/kube/write/event_recorder.h"
#include "controller/kube/write/status_writer.h"
#include "controller/pipeline/first_tokens.h"
#include "controller/pipeline/identity_keeper.h"
#include "controller/pipeline/status_hold.h"
#include "controller/push/server.h"
#include "controller/resolve/resolver.h"
#include "controller/tokens/service.h"
#include "dataplane/base/clock.h"
#include "dataplane/net/address.h"

namespace tollgate::controller::pipeline {

struct OperatorOptions {
  std::vector<std::string> watch_namespaces;
  std::string namespace_;  // the operator's own
  std::string instance;    // the pod's name
  dataplane::net::Address push;
  std::vector<std::string> push_dns_names;  // how proxies call this controller
  resolve::ResolverOptions resolver;
};

/// The operator without its process: caches in, resolution in the middle, proxies and API server
/// out. Belongs to the executor: constructed, used and destroyed in its tasks.
///
///   informers -> store -> (holdoff) -> resolver -> push server, status writer, applier
///   push server -> reports -> resolver -> status writer
class Operator {
 public:
  Operator(kube::Api& api, kube::Executor& executor, dataplane::base::Clock& clock,
           OperatorOptions options);
  ~Operator();
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  void start();
  /// Leadership: only the leader writes to the API server.
  void set_leader(bool leader);
  /// The end: writes nothing more and calls `done` once nothing that was being written is under
  /// way, so that whoever leads next meets no late write of ours.
  void finish(std::function<void()> done);
  /// Why the operator is not ready, empty if it is.
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] std::string metrics() const;
  /// For the read API.
  [[nodiscard]] api::View view() const;

 private:
  void on_change(const kube::cache::Change& change);
  void reconcile();
  void publish();
  void take_exchanges(std::span<const resolve::ExchangeUpdate> exchanges);
  void take_owned(resolve::OwnedSet set);
  void remove_orphans();
  void note_pods(const kube::ObjectKey& key, const kube::JsonPtr& deployment);
  void on_applied(const kube::write::ApplyOutcome& outcome);
  void on_status_written(const kube::ObjectKey& key);
  void publish_set(const std::string& gateway);
  void submit_status(const resolve::StatusUpdate& update);
  void submit_owned(const std::string& gateway);
  void on_authority();
  void on_push_state(const push::GatewayState& state);
  void on_transition(const kube::write::Transition& transition);
  void on_token(const std::string& policy, reconcilers::model::ExchangedToken token);
  void on_hour();
  [[nodiscard]] bool settled() const;
  [[nodiscard]] const kube::cache::Informer* informer_of(const std::string& group,
                                                         const std::string& kind) const;
  [[nodiscard]] std::vector<kube::write::OwnedObject> list_owned(const std::string& uid) const;

  kube::Api& api_;
  kube::Executor& executor_;
  dataplane::base::Clock& clock_;
  OperatorOptions options_;
  kube::cache::Discovery discovery_;
  kube::cache::Store store_;
  resolve::Resolver resolver_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<kube::cache::Informer>> informers_;
  kube::cache::Holdoff holdoff_;
  kube::write::StatusWriter status_writer_;
  kube::write::Applier applier_;
  kube::write::EventRecorder events_;
  IdentityKeeper identity_;
  kube::Timer hourly_;
  kube::Timer first_tokens_limit_;
  FirstTokens first_tokens_;
  StatusHold patience_;
  bool held_ = false;                                   // proxies are told nothing yet
  std::map<std::string, resolve::OwnedSet> owned_;      // by Gateway, as resolved
  std::map<kube::ObjectKey, std::string> deployments_;  // of ours, with their Gateways
  std::map<std::string, std::vector<resolve::ProxyReport>> proxies_;  // by Gateway, last heard
  std::set<kube::ObjectKey> once_;  // statuses that are not kept up
  std::unique_ptr<push::PushServer> push_;
  std::unique_ptr<tokens::TokenService> tokens_;
  std::string push_problem_;
  bool resolved_once_ = false;
  bool leads_ = false;
  std::uint64_t reconciles_ = 0;
  std::uint64_t pushes_ = 0;
  /// Cleared at the end, so that what other threads post later does nothing.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tollgate::controller::pipeline
