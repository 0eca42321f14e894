#include "controller/standalone/mock_runner.h"

#include <optional>
#include <utility>

namespace tollgate::controller::standalone {

namespace base = dataplane::base;
namespace mock = dataplane::mock;
namespace net = dataplane::net;

namespace {

constexpr const char* kLoopback = "127.0.0.1:0";
/// Ports of hosts that an edit may add later.
constexpr std::uint16_t kPlainPorts[] = {80, 8000, 8080, 11434};
constexpr std::uint16_t kTlsPorts[] = {443, 8443};

}  // namespace

base::Result<std::unique_ptr<MockRunner>> MockRunner::start(std::vector<mock::ModelHost> hosts) {
  std::unique_ptr<MockRunner> runner(new MockRunner());
  TRY_ASSIGN(runner->thread_, dataplane::event::LoopThread::start(runner->clock_));
  std::optional<base::Error> error;
  runner->thread_->run([&] {
    runner->buffers_ = std::make_unique<net::BufferPool>();
    runner->io_.reset(new net::IoContext{runner->thread_->loop(), *runner->buffers_});
    mock::server::ModelServerOptions options;
    options.plain = *net::parse_address(kLoopback);
    options.tls = *net::parse_address(kLoopback);
    options.hosts = std::move(hosts);
    auto server =
        mock::server::ModelServer::start(*runner->io_, std::move(options), runner->clock_.wall());
    if (server) {
      runner->server_ = std::move(*server);
    } else {
      error = server.error();
    }
  });
  if (error) return *error;
  return runner;
}

MockRunner::~MockRunner() {
  if (thread_ == nullptr) return;
  thread_->run([this] { server_.reset(); });
  thread_.reset();
}

void MockRunner::redirect(const std::vector<mock::ModelHost>& hosts, net::dns::Overrides& overrides,
                          dataplane::proxy::Options& options) const {
  for (const mock::ModelHost& host : hosts) {
    overrides.add(host.host, host.port,
                  host.tls ? server_->tls_address() : server_->plain_address());
  }
  for (const std::uint16_t port : kPlainPorts) overrides.add("*", port, server_->plain_address());
  for (const std::uint16_t port : kTlsPorts) overrides.add("*", port, server_->tls_address());
  options.extra_trust.pems.push_back(server_->ca_pem());
}

void MockRunner::redirect(tokens::Surroundings& surroundings) const {
  surroundings.all_https = server_->tls_address().to_string();
  surroundings.all_http = server_->plain_address().to_string();
}

base::Status MockRunner::set_hosts(std::vector<mock::ModelHost> hosts) {
  base::Status status;
  thread_->run([&] { status = server_->set_hosts(std::move(hosts), clock_.wall()); });
  return status;
}

std::string MockRunner::describe() const {
  return "model server on " + server_->plain_address().to_string() + " (plain) and " +
         server_->tls_address().to_string() + " (TLS): every backend's requests go there";
}

}  // namespace tollgate::controller::standalone
