#pragma once

#include "dataplane/http/head.h"

namespace tollgate::dataplane::http {

/// What the removed fields said that the next hop may have to be told again.
struct HopByHop {
  bool te_trailers = false;  // TE listed `trailers` (gRPC needs it)
};

/// Removes what concerns one connection only, in either direction (RFC 9110 7.6.1): Connection and
/// every field that it names, Keep-Alive, Proxy-* , TE, Trailer, Transfer-Encoding, Upgrade and
/// HTTP2-Settings. Call it before adding fields of our own, so that a peer cannot name those. A
/// message whose upgrade is forwarded says so by RequestHead::upgrade, which the encoder writes.
HopByHop strip_hop_by_hop(FieldList& fields);

/// True if a comma-separated list field (all its lines) holds `token`, ignoring case.
bool list_contains(const FieldList& fields, std::string_view name, std::string_view token);

}  // namespace tollgate::dataplane::http
