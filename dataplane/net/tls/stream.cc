#include "dataplane/net/tls/stream.h"

#include <utility>

#include "dataplane/net/socket_stream.h"
#include "dataplane/net/tls/contexts.h"
#include "dataplane/net/tls/transport.h"

namespace tollgate::dataplane::net::tls {

std::unique_ptr<Stream> make_server_stream(const IoContext& io, Fd socket, const Address& peer,
                                           std::shared_ptr<ServerContext> context,
                                           StreamHandler& handler) {
  Handle<ssl_st> ssl = context->impl().new_connection();
  auto transport = std::make_unique<TlsTransport>(socket.get(), std::move(ssl), std::move(context),
                                                  std::string(), base::Origin::kClient);
  return std::make_unique<SocketStream>(io, std::move(socket), peer, base::Origin::kClient,
                                        std::move(transport), handler,
                                        SocketStream::Start::kConnected);
}

std::unique_ptr<Stream> make_client_stream(const IoContext& io, Fd socket, const Address& peer,
                                           std::shared_ptr<ClientContext> context,
                                           StreamHandler& handler) {
  Handle<ssl_st> ssl = context->impl().new_connection();
  std::string name = context->config().server_name;
  auto transport = std::make_unique<TlsTransport>(socket.get(), std::move(ssl), std::move(context),
                                                  std::move(name), base::Origin::kBackend);
  return std::make_unique<SocketStream>(io, std::move(socket), peer, base::Origin::kBackend,
                                        std::move(transport), handler,
                                        SocketStream::Start::kConnecting);
}

}  // namespace tollgate::dataplane::net::tls
