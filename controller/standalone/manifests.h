#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/files/load.h"
#include "controller/resolve/resolver.h"
#include "controller/schema/registry.h"

namespace tollgate::controller::standalone {

/// The files of a command, loaded again and again: tells a Resolver what changed since the last
/// load, and keeps what to print.
class Manifests {
 public:
  explicit Manifests(std::vector<std::string> paths);

  /// Loads everything. What a mistake in a file would take away stays as it was.
  std::vector<resolve::ObjectChange> load();

  [[nodiscard]] const files::LoadResult& current() const { return current_; }
  [[nodiscard]] const schema::Registry& registry() const { return registry_; }
  /// "FILE:LINE: MESSAGE" of errors and warnings of the last load.
  [[nodiscard]] std::vector<std::string> error_lines() const;
  [[nodiscard]] std::vector<std::string> warning_lines() const;

 private:
  schema::Registry registry_;
  std::vector<std::string> paths_;
  files::LoadResult current_;
  std::map<reconcilers::model::ObjectId, std::shared_ptr<const nlohmann::json>> known_;
};

/// Since when the object of a document is, as RFC 3339: files do not say it, so it is as old as its
/// file. Empty if the document says it itself.
std::string created_at(const files::Document& document);

/// How standalone resolves: all classes adopted that files written for others name, one host for
/// all Gateways, Services by DNS.
resolve::ResolverOptions resolver_options(bool real_ports, bool without_proxies);

}  // namespace tollgate::controller::standalone
