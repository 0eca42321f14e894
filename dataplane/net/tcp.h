#pragma once

#include <memory>

#include "dataplane/net/socket.h"
#include "dataplane/net/stream.h"

namespace tollgate::dataplane::net {

/// A stream on an accepted or otherwise connected socket. `handler` gets on_open in the same turn.
std::unique_ptr<Stream> make_tcp_stream(const IoContext& io, Fd socket, const Address& peer,
                                        StreamHandler& handler);

/// Starts a connection attempt to `peer`: on_open or on_closed follows. No timeout of its own (see
/// dial::Connector, which most callers want).
base::Result<std::unique_ptr<Stream>> connect_tcp(const IoContext& io, const Address& peer,
                                                  StreamHandler& handler);

}  // namespace tollgate::dataplane::net
