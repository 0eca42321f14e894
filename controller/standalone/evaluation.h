#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/resolve/resolver.h"
#include "controller/standalone/manifests.h"
#include "dataplane/snapshot/compiler.h"

namespace tollgate::controller::standalone {

/// What a gateway that ran on these files would say and do: the same resolution and rendering, and
/// for each Gateway the proxy's own compiler in the place of a proxy. Exchanges of credentials are
/// not run; they are taken to succeed. For `check`, `get`, `explain`.
class Evaluation {
 public:
  Evaluation(std::vector<std::string> files, bool real_ports);

  [[nodiscard]] const Manifests& manifests() const { return manifests_; }
  [[nodiscard]] const resolve::Resolver& resolver() const { return resolver_; }

  /// The objects of the files with the status that each would get, in the order of
  /// manifests().current().objects: sorted by kind and name.
  [[nodiscard]] std::vector<nlohmann::json> objects() const;

 private:
  void settle();

  Manifests manifests_;
  resolve::Resolver resolver_;
  std::map<std::string, std::unique_ptr<dataplane::snapshot::Compiler>> compilers_;
};

}  // namespace tollgate::controller::standalone
