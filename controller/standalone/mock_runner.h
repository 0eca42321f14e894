#pragma once

#include <memory>

#include "controller/tokens/http.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/event/loop_thread.h"
#include "dataplane/mock/server/model_server.h"
#include "dataplane/net/buffer.h"
#include "dataplane/net/dns/resolver.h"
#include "dataplane/proxy/options.h"

namespace tollgate::controller::standalone {

/// The built-in model server on a loopback address and a thread of its own.
class MockRunner {
 public:
  static dataplane::base::Result<std::unique_ptr<MockRunner>> start(
      std::vector<dataplane::mock::ModelHost> hosts);
  ~MockRunner();
  MockRunner(const MockRunner&) = delete;
  MockRunner& operator=(const MockRunner&) = delete;

  /// Sends every host that is played here, and makes its authority believed.
  void redirect(const std::vector<dataplane::mock::ModelHost>& hosts,
                dataplane::net::dns::Overrides& overrides,
                dataplane::proxy::Options& options) const;
  /// Sends every exchange of credentials here.
  void redirect(tokens::Surroundings& surroundings) const;
  /// After an edit of the files. If it fails, what was played before goes on.
  dataplane::base::Status set_hosts(std::vector<dataplane::mock::ModelHost> hosts);
  /// "model server on 127.0.0.1:P (plain) and 127.0.0.1:Q (TLS)"
  [[nodiscard]] std::string describe() const;

 private:
  MockRunner() = default;

  dataplane::base::SystemClock clock_;
  std::unique_ptr<dataplane::event::LoopThread> thread_;
  std::unique_ptr<dataplane::net::BufferPool> buffers_;
  std::unique_ptr<dataplane::net::IoContext> io_;
  std::unique_ptr<dataplane::mock::server::ModelServer> server_;
};

}  // namespace tollgate::controller::standalone
