#pragma once

#include "dataplane/net/tls/handles.h"

namespace tollgate::dataplane::net::tls {

/// The socket below an SSL object, and what its last system calls said. OpenSSL's own socket BIO
/// raises SIGPIPE and cannot tell that a short read has emptied the socket, which saves one system
/// call per message.
struct Wire {
  int fd = -1;
  bool drained = false;      // a short read: nothing more before the next event
  bool end_is_near = false;  // an event announced the end: short reads prove nothing
  bool saw_end = false;      // FIN
  int error_number = 0;      // of the last failed call
};

/// A BIO on `wire`, which must outlive it.
Handle<bio_st> make_wire_bio(Wire& wire);

}  // namespace tollgate::dataplane::net::tls
