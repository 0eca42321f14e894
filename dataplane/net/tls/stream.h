#pragma once

#include <memory>

#include "dataplane/net/socket.h"
#include "dataplane/net/stream.h"
#include "dataplane/net/tls/context.h"

namespace tollgate::dataplane::net::tls {

/// Serves TLS on an accepted socket; on_open comes after the handshake. No timeout of its own: the
/// owner arms one and closes the stream if it is not `open()` by then.
std::unique_ptr<Stream> make_server_stream(const IoContext& io, Fd socket, const Address& peer,
                                           std::shared_ptr<ServerContext> context,
                                           StreamHandler& handler);

/// Speaks TLS as a client on a connected socket.
std::unique_ptr<Stream> make_client_stream(const IoContext& io, Fd socket, const Address& peer,
                                           std::shared_ptr<ClientContext> context,
                                           StreamHandler& handler);

}  // namespace tollgate::dataplane::net::tls
