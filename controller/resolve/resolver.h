#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/resolve/stages.h"
#include "dataplane/snapshot/resource.h"
#include "reconcilers/model/exchange.h"
#include "reconcilers/model/status.h"
#include "reconcilers/options.h"
#include "reconcilers/resources/object.h"
#include "render/owned.h"

namespace tollgate::controller::resolve {

namespace base = tollgate::dataplane::base;

struct ResolverOptions {
  reconcilers::Options resolution;
  render::OwnedOptions owned;
  /// Leave out Programmed where it would depend on proxies (for tools that run none).
  bool without_proxies = false;
};

/// An object as it is now; a null document means that it is gone.
struct ObjectChange {
  model::ObjectId id;
  reconcilers::resources::Document document;
};

/// What one proxy of a Gateway last said of itself.
struct ProxyReport {
  struct Refusal {
    std::string key;
    std::string why;
  };
  struct CredentialFault {
    std::string key;  // of the credential resource
    std::string why;
  };
  std::string instance;
  bool ready = false;
  bool silent = false;
  std::string acknowledged;      // revision
  std::string refused_revision;  // the revision that `refused` is about
  std::vector<Refusal> refused;
  std::vector<CredentialFault> credential_faults;
  std::vector<std::string> abilities;
};

/// What keeps an object from running a Gateway: a reason and a sentence for its Programmed.
struct OwnedFault {
  std::string reason;
  std::string why;
  friend bool operator==(const OwnedFault&, const OwnedFault&) = default;
};

/// The status that an object shall have; a null document means that none is wanted any more.
/// What we said before of an object that is not ours any more is taken back once.
struct StatusUpdate {
  model::ObjectId id;
  model::StatusScope scope = model::StatusScope::kWhole;
  std::shared_ptr<const nlohmann::json> status;
  /// The object is somebody else's now: written once and not kept up.
  bool once = false;
  /// Says of something that it is not Programmed while nothing is missing but acknowledgements of
  /// what ready proxies are being given: another status follows soon, as a rule.
  bool awaited = false;
};

/// What turns a Gateway's previous set into its present one.
struct GatewayUpdate {
  std::string gateway;  // "NS/NAME"
  bool gone = false;    // it is not served any more; the delta empties the set
  snapshot::Delta delta;
};

/// A policy whose exchange is wanted, is wanted otherwise than before, or (null) no more.
struct ExchangeUpdate {
  std::string policy;  // "NS/NAME"
  std::optional<model::Exchange> exchange;
};

/// What changed since the last call of result(). Everything is sorted by key.
struct Result {
  std::vector<GatewayUpdate> gateways;
  std::vector<StatusUpdate> statuses;
  std::vector<OwnedSet> owned;  // no objects: delete what was owned
  std::vector<ExchangeUpdate> exchanges;
};

/// Everything from API objects to resource sets, statuses and owned objects, incrementally: a
/// change runs what it touches. Deterministic: the outcome depends on the objects and the reports,
/// not on the order in which they came. Not thread-safe; no I/O.
class Resolver {
 public:
  explicit Resolver(ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Takes changes in. A document that is no object of a kind that is read is skipped; the first
  /// such error is returned after everything else was taken in.
  base::Status apply(std::span<const ObjectChange> changes);
  /// Replaces what is known of a Gateway's proxies. What they refuse is held back from then on,
  /// until its objects change or every proxy that refused it is gone.
  void report(const std::string& gateway, std::vector<ProxyReport> proxies);
  /// Replaces what stands against an object that shall run a Gateway (none: it is as wanted), until
  /// the object is not wanted any more. Says whether anything changed.
  bool report_owned(const std::string& gateway, const model::ObjectId& object,
                    std::optional<OwnedFault> fault);
  /// Replaces why pods of a Gateway are missing (a sentence, empty: nothing is known). Says whether
  /// anything changed.
  bool report_pods(const std::string& gateway, std::string why);
  /// Replaces how many proxies the Deployment of a Gateway asks for; 0: that is not known.
  void report_replicas(const std::string& gateway, std::int32_t replicas);
  /// Replaces what the exchange of a policy gave.
  void report_token(const std::string& policy, model::ExchangedToken token);
  Result result();

  /// The present set of a Gateway; null if it is not served. Valid until the next result().
  [[nodiscard]] const snapshot::ResourceSet* set(std::string_view gateway) const;
  /// Gateways that are served, sorted.
  [[nodiscard]] std::vector<std::string> gateways() const;
  /// Bound ports and names of a Gateway's listeners, for "listening on"; null if it is not ours.
  [[nodiscard]] const model::Gateway* gateway(std::string_view name) const;
  /// The objects that a resource of a Gateway's set was made of.
  [[nodiscard]] std::vector<model::Owner> owners(std::string_view gateway,
                                                 std::string_view key) const;
  /// The present status of every object that gets one, sorted by kind and name.
  [[nodiscard]] std::vector<StatusUpdate> statuses() const;

  /// For tools: all collections by their handles.
  [[nodiscard]] const derive::Engine& engine() const;
  [[nodiscard]] const Stages& stages() const;
  /// For tests: how many functions ran.
  void reset_stats();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::resolve
