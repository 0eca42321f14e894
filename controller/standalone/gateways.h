#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/resolve/resolver.h"
#include "controller/standalone/admin.h"
#include "controller/standalone/task_inbox.h"
#include "dataplane/proxy/proxy.h"

namespace tollgate::controller::standalone {

/// The proxies of all Gateways, in this process: one for each.
class Gateways {
 public:
  /// `options` are those of every proxy; at the admin address all of them answer together, and each
  /// has a folder of its own in the state folder. `inbox` is emptied by the owner's thread, and not
  /// any more once this ends.
  static dataplane::base::Result<std::unique_ptr<Gateways>> create(
      dataplane::proxy::Options options, TaskInbox& inbox);

  /// Applies what changed and tells the resolver what came of it, until nothing changes any more: a
  /// refused resource is held back and the rest is applied. A Gateway that is gone ends what it has
  /// under way in its own time.
  dataplane::base::Status apply(resolve::Resolver& resolver, resolve::Result changed);

  /// "listening on ..." of every listener, new ones since the last call only; then "ready" if all
  /// Gateways serve and that was not said before.
  std::vector<std::string> take_lines();

  /// What the proxies cannot do at the moment, one sentence each.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  /// What each proxy last said, by Gateway.
  [[nodiscard]] const std::map<std::string, resolve::ProxyReport>& reports() const {
    return reports_;
  }

  /// Ends all proxies, at one time.
  void drain_and_wait();

 private:
  Gateways(dataplane::proxy::Options options, TaskInbox& inbox)
      : options_(std::move(options)), inbox_(inbox) {}
  void retire(const std::string& gateway);
  dataplane::base::Result<dataplane::proxy::Proxy*> proxy_of(const std::string& gateway);
  [[nodiscard]] dataplane::proxy::Options options_of(const std::string& gateway) const;
  void report(resolve::Resolver& resolver, const std::string& gateway,
              const dataplane::proxy::ApplyResult& result, const std::string& revision);

  dataplane::proxy::Options options_;
  TaskInbox& inbox_;
  std::map<std::string, std::unique_ptr<dataplane::proxy::Proxy>> proxies_;
  /// Of Gateways that are gone, until what they have under way has ended.
  std::vector<std::unique_ptr<dataplane::proxy::Proxy>> retired_;
  std::map<std::string, dataplane::proxy::ApplyResult> results_;
  /// What each proxy serves: a refused set is not what the next difference starts from.
  std::map<std::string, dataplane::snapshot::ResourceSet> held_;
  std::map<std::string, resolve::ProxyReport> reports_;
  std::vector<std::string> said_;
  std::vector<std::string> problems_;
  bool said_ready_ = false;
  std::unique_ptr<Admin> admin_;  // null without an address; ends before the proxies
};

}  // namespace tollgate::controller::standalone
