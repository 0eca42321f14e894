#pragma once

#include <memory>
#include <string>
#include <string_view>

// OpenSSL's types by their tags, so that headers need not include it.
struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;
struct x509_store_st;
struct evp_pkey_st;
struct bio_st;

namespace tollgate::dataplane::net::tls {

struct Free {
  void operator()(ssl_st* object) const;
  void operator()(ssl_ctx_st* object) const;
  void operator()(ssl_session_st* object) const;
  void operator()(x509_st* object) const;
  void operator()(x509_store_st* object) const;
  void operator()(evp_pkey_st* object) const;
  void operator()(bio_st* object) const;
};

template <typename T>
using Handle = std::unique_ptr<T, Free>;

/// What OpenSSL's error queue of this thread says, innermost reason first; empties the queue.
std::string take_openssl_errors(std::string_view otherwise);

}  // namespace tollgate::dataplane::net::tls
