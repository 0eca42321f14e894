#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/net/address.h"

namespace tollgate::controller::pipeline {

/// What the admin server asks; every function but `post` runs on the operator's executor.
struct AdminSource {
  std::function<void(std::function<void()>)> post;  // onto the executor, in order, from any thread
  std::function<bool()> healthy;
  std::function<std::string()> not_ready;  // why, empty if ready
  std::function<std::string()> metrics;
};

/// /healthz, /ready and /metrics of the operator, on our own codec and a thread of its own.
class Admin {
 public:
  static dataplane::base::Result<std::unique_ptr<Admin>> start(
      const dataplane::net::Address& address, AdminSource source);
  /// Waits for what was asked before. Not on the executor.
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

 private:
  class Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::pipeline
