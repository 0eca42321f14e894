#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataplane/auth/aws_chain.h"
#include "dataplane/base/result.h"
#include "dataplane/net/dial/connector.h"
#include "dataplane/net/tls/context.h"

namespace tollgate::dataplane::auth {

/// The whole answer to a CredentialCall; it may hold keys.
struct CredentialAnswer {
  int status = 0;
  base::Secret body;
};

/// A small HTTP/1.1 client: one call, one connection, no redirects (a redirect is an answer whose
/// status is not 200). The call's timeout covers everything; bodies beyond
/// kMaxCredentialDocumentBytes are refused. Destroying it cancels.
class CredentialClient {
 public:
  using Callback = std::function<void(base::Result<CredentialAnswer>)>;

  /// `tls` is asked for the context of https calls; both outlive the client. The callback runs once
  /// on the loop's thread, never inside this call, and may destroy the client.
  CredentialClient(net::dial::Connector& connector, net::tls::ClientContexts& tls);
  ~CredentialClient();
  CredentialClient(const CredentialClient&) = delete;
  CredentialClient& operator=(const CredentialClient&) = delete;

  void send(const CredentialCall& call, Callback callback);
  void cancel();

 private:
  class Exchange;
  net::dial::Connector& connector_;
  net::tls::ClientContexts& tls_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace tollgate::dataplane::auth
