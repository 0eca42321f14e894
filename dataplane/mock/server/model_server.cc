#include "dataplane/mock/server/model_server.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/mock/server/answer.h"
#include "dataplane/mock/server/connection.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/tcp.h"
#include "dataplane/net/tls/context.h"
#include "dataplane/net/tls/stream.h"
#include "dataplane/pki/certificates.h"

namespace tollgate::dataplane::mock::server {

namespace {

constexpr std::chrono::hours kLifetime{24 * 30};

std::string host_name(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.back() != ']';
  return base::to_lower(has_port ? authority.substr(0, colon) : authority);
}

/// An authority without a port means the host on any.
bool is_meant(const ModelHost& host, const Call& call) {
  const std::string_view authority = call.head->authority;
  const std::string name = host_name(authority);
  const bool called = host.host == name ||
                      std::find(host.names.begin(), host.names.end(), name) != host.names.end();
  return called && host.tls == call.tls &&
         (authority.size() == name.size() ||
          authority.substr(name.size() + 1) == std::to_string(host.port));
}

class Door final : public net::AcceptHandler {
 public:
  Door(class Floor& floor, bool tls) : floor_(floor), tls_(tls) {}
  void on_accept(net::Accepted accepted) override;

 private:
  Floor& floor_;
  bool tls_;
};

struct Guest {
  std::unique_ptr<Connection> connection;
  net::ConnectionSlot slot;
};

/// Everything that both doors share.
class Floor final : public ConnectionOwner {
 public:
  Floor(const net::IoContext& io, std::vector<ModelHost> hosts)
      : io_(io), hosts_(std::move(hosts)) {}

  ~Floor() {
    for (auto& [handler, guest] : guests_) {
      guest.connection->shut();
      io_.loop.defer_delete(std::move(guest.connection));
    }
  }

  void set_hosts(std::vector<ModelHost> hosts) { hosts_ = std::move(hosts); }
  void set_tls(std::shared_ptr<net::tls::ServerContext> context) { tls_ = std::move(context); }

  Reply reply_to(const Call& call) override {
    const ModelHost* meant = nullptr;
    for (const ModelHost& host : hosts_) {
      if (!is_meant(host, call)) continue;
      // Of several APIs on one host the path tells which.
      const bool rooted = call.head->path.starts_with("/" + host.prefix + "/");
      if (meant == nullptr || rooted) meant = &host;
      if (rooted) break;
    }
    return meant == nullptr ? nobody(call) : answer(*meant, call);
  }

  void on_connection_end(net::StreamHandler& connection) override {
    const auto at = guests_.find(&connection);
    if (at == guests_.end()) return;
    at->second.connection->shut();
    io_.loop.defer_delete(std::move(at->second.connection));
    guests_.erase(at);
  }

  void accept(net::Accepted accepted, bool tls) {
    auto connection = std::make_unique<Connection>(io_.loop, *this, tls);
    Connection& guest = *connection;
    guest.attach(tls ? net::tls::make_server_stream(io_, std::move(accepted.socket), accepted.peer,
                                                    tls_, guest)
                     : net::make_tcp_stream(io_, std::move(accepted.socket), accepted.peer, guest));
    guests_[&guest] = {std::move(connection), std::move(accepted.slot)};
  }

 private:
  net::IoContext io_;
  std::vector<ModelHost> hosts_;
  std::shared_ptr<net::tls::ServerContext> tls_;
  std::map<net::StreamHandler*, Guest> guests_;
};

void Door::on_accept(net::Accepted accepted) {
  floor_.accept(std::move(accepted), tls_);
}

base::Result<std::shared_ptr<net::tls::ServerContext>> make_identity(
    const std::vector<ModelHost>& hosts, base::WallTime now, const pki::KeyPair& ca) {
  pki::LeafRequest request;
  request.common_name = "model server";
  request.usage = pki::Usage::kServer;
  std::set<std::string> names;
  for (const ModelHost& host : hosts) {
    if (!host.tls) continue;
    names.insert(host.names.begin(), host.names.end());
    if (!net::parse_ip(host.host, 1)) names.insert(host.host);
  }
  if (names.empty()) names.insert("localhost");
  request.dns_names.assign(names.begin(), names.end());
  TRY_ASSIGN(const pki::KeyPair leaf, pki::issue_leaf(ca, request, now, kLifetime));
  net::tls::ServerConfig config;
  config.identities.push_back({"", {{leaf.certificate_pem, leaf.key_pem}}});
  return net::tls::ServerContext::create(config);
}

}  // namespace

class ModelServer::Impl {
 public:
  Impl(const net::IoContext& io, std::vector<ModelHost> hosts)
      : floor(io, std::move(hosts)), plain_door(floor, false), tls_door(floor, true) {}

  Floor floor;
  Door plain_door;
  Door tls_door;
  std::unique_ptr<net::Listener> plain;
  std::unique_ptr<net::Listener> tls;
  pki::KeyPair ca;
};

base::Result<std::unique_ptr<ModelServer>> ModelServer::start(const net::IoContext& io,
                                                              ModelServerOptions options,
                                                              base::WallTime now) {
  TRY_ASSIGN(pki::KeyPair ca, pki::issue_ca("Tollgate model server", now, kLifetime));
  TRY_ASSIGN(auto context, make_identity(options.hosts, now, ca));
  auto impl = std::make_unique<Impl>(io, std::move(options.hosts));
  impl->ca = std::move(ca);
  impl->floor.set_tls(std::move(context));
  TRY_ASSIGN(impl->plain, net::Listener::open(io.loop, options.plain, impl->plain_door));
  TRY_ASSIGN(impl->tls, net::Listener::open(io.loop, options.tls, impl->tls_door));
  return std::unique_ptr<ModelServer>(new ModelServer(std::move(impl)));
}

ModelServer::ModelServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ModelServer::~ModelServer() = default;

const net::Address& ModelServer::plain_address() const {
  return impl_->plain->address();
}
const net::Address& ModelServer::tls_address() const {
  return impl_->tls->address();
}
const std::string& ModelServer::ca_pem() const {
  return impl_->ca.certificate_pem;
}
base::Status ModelServer::set_hosts(std::vector<ModelHost> hosts, base::WallTime now) {
  TRY_ASSIGN(auto context, make_identity(hosts, now, impl_->ca));
  impl_->floor.set_tls(std::move(context));
  impl_->floor.set_hosts(std::move(hosts));
  return {};
}

}  // namespace tollgate::dataplane::mock::server
