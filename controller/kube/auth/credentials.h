#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/kube/auth/config.h"
#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"

namespace tollgate::controller::kube::auth {

/// What one request carries. Immutable; a change makes a new one with another `generation`.
struct Identity {
  std::uint64_t generation = 0;
  dataplane::base::Secret authorization;  // value of the Authorization header, or empty
  std::vector<std::pair<std::string, std::string>> impersonation_headers;
  dataplane::base::Secret client_certificate_pem;
  dataplane::base::Secret client_key_pem;
  std::string ca_pem;
};

using IdentityPtr = std::shared_ptr<const Identity>;
using OnIdentity = std::function<void(dataplane::base::Result<IdentityPtr>)>;

/// Keeps the identity fresh: token files are read again once a minute, certificate files every five
/// minutes, exec plug-ins run again when their credential expires.
class Credentials {
 public:
  /// Reads everything once, except that exec plug-ins run at the first `get`.
  static dataplane::base::Result<std::unique_ptr<Credentials>> create(const Config& config);
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  /// Any thread. Calls back at once if the identity is at hand, else from the plug-in's thread.
  void get(OnIdentity done);
  /// After a 401: what `used` was made of is read or asked for again, unless that has happened
  /// since. Calls back with the new identity; it is the same pointer if nothing changed.
  void refresh(const IdentityPtr& used, OnIdentity done);
  /// Joins the plug-in's thread; who still waits gets kCancelled. Idempotent; not from a callback.
  void shutdown();

 private:
  struct Impl;
  explicit Credentials(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::kube::auth
