#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/auth/aws_key_source.h"
#include "dataplane/exchange/attempt/config.h"
#include "dataplane/snapshot/compiler.h"

namespace tollgate::dataplane::proxy {

/// Turns the credential resources of a snapshot into what requests are signed with, and keeps those
/// that exist only where the proxy runs fresh. On the service loop.
class CredentialKeeper {
 public:
  /// `changed` is called on the loop whenever `current` is a new value without an update being
  /// applied: keys were renewed, or are gone.
  CredentialKeeper(event::Loop& loop, net::dial::Connector& connector,
                   net::tls::ClientContexts& tls, std::function<void()> changed);
  ~CredentialKeeper();
  CredentialKeeper(const CredentialKeeper&) = delete;
  CredentialKeeper& operator=(const CredentialKeeper&) = delete;

  void apply(const std::vector<snapshot::NodeChange<snapshot::CredentialNode>>& changes);
  [[nodiscard]] const std::shared_ptr<const exchange::attempt::Credentials>& current() const {
    return current_;
  }

  /// A credential that nothing can be signed with, and why, for reports.
  struct Problem {
    std::string key;
    std::string why;
  };
  [[nodiscard]] std::vector<Problem> problems() const;

 private:
  struct Entry {
    std::shared_ptr<const snapshot::CredentialNode> node;
    exchange::attempt::CredentialState state;
  };
  exchange::attempt::CredentialState make(const snapshot::CredentialNode& node);
  exchange::attempt::CredentialState from_surroundings(const snapshot::CredentialNode& node);
  void on_keys();
  void publish();

  event::Loop& loop_;
  net::dial::Connector& connector_;
  net::tls::ClientContexts& tls_;
  std::function<void()> changed_;
  std::vector<Entry> entries_;  // by slot
  std::unique_ptr<auth::AwsKeySource> aws_;
  std::shared_ptr<const exchange::attempt::Credentials> current_;
};

}  // namespace tollgate::dataplane::proxy
