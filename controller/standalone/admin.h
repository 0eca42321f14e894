#pragma once

#include <map>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/net/address.h"
#include "dataplane/proxy/proxy.h"

namespace tollgate::controller::standalone {

/// The admin port of `tollgate run`, where all its proxies answer together: /metrics added up,
/// /ready once all are, /snapshot?gateway=NS/NAME. A thread of its own.
class Admin {
 public:
  static dataplane::base::Result<std::unique_ptr<Admin>> start(
      const dataplane::net::Address& address);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  /// `proxy` outlives this, or is taken out before its end.
  void add(const std::string& gateway, dataplane::proxy::Proxy& proxy);
  void remove(const std::string& gateway);

 private:
  class Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::standalone
