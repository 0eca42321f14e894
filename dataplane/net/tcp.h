#pragma once

#include <memory>

#include "dataplane/net/socket.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::net {

/// A stream on an accepted or otherwise connected socket; on_open comes in the same turn. `origin`
/// is whose fault a failure of the connection is.
std::unique_ptr<Stream> make_tcp_stream(const IoContext& io, Fd socket, const Address& peer,
                                        StreamHandler& handler,
                                        base::Origin origin = base::Origin::kClient);

/// Starts a connection attempt to `peer`: on_open or on_closed follows. No timeout of its own (see
/// dial::Connector, which most callers want).
base::Result<std::unique_ptr<Stream>> connect_tcp(const IoContext& io, const Address& peer,
                                                  StreamHandler& handler);

/// The socket of a connection attempt that has begun.
base::Result<Fd> begin_connect(const Address& peer);

}  // namespace tollgate::dataplane::net
