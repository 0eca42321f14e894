#pragma once

#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/net/tls/config.h"
#include "dataplane/net/tls/handles.h"

namespace tollgate::dataplane::net::tls {

/// All certificates of a PEM text, at least one. kInvalidArgument (config) otherwise.
base::Result<std::vector<Handle<x509_st>>> parse_certificates(const std::string& pem);
/// An unencrypted private key.
base::Result<Handle<evp_pkey_st>> parse_key(const base::Secret& pem);

/// Serves or presents the pair from `context`; one pair per key type.
base::Status use_key_pair(ssl_ctx_st& context, const KeyPair& pair);

/// A store that believes what `trust` and `extra` name.
base::Result<Handle<x509_store_st>> make_store(const Trust& trust, const Trust& extra);

/// An ALPN list as the protocol writes it: each name after its length.
base::Result<std::string> alpn_wire(const std::vector<std::string>& names);

/// Options that every context of ours has.
void set_common_options(ssl_ctx_st& context, Version min_version);

}  // namespace tollgate::dataplane::net::tls
