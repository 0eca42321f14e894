#include "dataplane/net/tls/context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "dataplane/net/tls/handles.h"
#include "test/dataplane/net/tls/tls_fixture.h"

namespace tollgate::dataplane::net::tls {
namespace {

using ::testing::Test;
using TlsContextTest = TlsFixture;
using Kind = SubjectName::Kind;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(TlsContextTest, AWrongHostNameIsRefusedAndNamed) {
  start(server_config("other.example.com"), client_config());
  const std::string error = client_error();
  EXPECT_TRUE(contains(error, "api.example.com")) << error;
  EXPECT_TRUE(contains(error, "hostname mismatch")) << error;
  EXPECT_EQ(client_seen_.error->code, base::Code::kUnauthenticated);
  EXPECT_FALSE(client_seen_.error->retryable);
}

TEST_F(TlsContextTest, AnUnknownAuthorityIsRefused) {
  const test::TestCa stranger("Stranger");
  ClientConfig client = client_config();
  client.trust.pems = {stranger.pem()};
  start(server_config(), client);
  EXPECT_TRUE(contains(client_error(), "unable to get local issuer certificate"));
  EXPECT_TRUE(worker_.until([&] { return server_seen_.closes == 1; }));
  EXPECT_TRUE(contains(server_seen_.error->detail, "unknown ca")) << server_seen_.error->detail;
}

TEST_F(TlsContextTest, NoAuthorityAtAllBelievesNobody) {
  ClientConfig client = client_config();
  client.trust = {};
  start(server_config(), client);
  EXPECT_TRUE(contains(client_error(), "certificate not accepted"));
}

TEST_F(TlsContextTest, ExpiredAndFutureCertificatesAreRefused) {
  test::CertificateSpec spec;
  spec.dns_names = {"api.example.com"};
  spec.not_before = std::chrono::hours(-2);
  spec.not_after = std::chrono::hours(-1);
  ServerConfig server = server_config();
  server.identities[0].certificates = {pair_of(ca_.issue(spec))};
  start(server, client_config());
  EXPECT_TRUE(contains(client_error(), "certificate has expired"));
  spec.not_before = std::chrono::hours(1);
  spec.not_after = std::chrono::hours(2);
  server.identities[0].certificates = {pair_of(ca_.issue(spec))};
  start(server, client_config());
  EXPECT_TRUE(contains(client_error(), "not yet valid"));
}

TEST_F(TlsContextTest, TheCommonNameIsNotAName) {
  test::CertificateSpec spec;
  spec.common_name = "api.example.com";
  ServerConfig server = server_config();
  server.identities[0].certificates = {pair_of(ca_.issue(spec))};
  start(server, client_config());
  EXPECT_TRUE(contains(client_error(), "hostname mismatch"));
}

TEST_F(TlsContextTest, IpAddressesAreVerifiedAndNotSentAsName) {
  start(server_config("127.0.0.1"), client_config("127.0.0.1"));
  ASSERT_TRUE(handshake()) << client_error();
  EXPECT_EQ(server_->tls_info()->server_name, "");
  start(server_config("127.0.0.2"), client_config("127.0.0.1"));
  EXPECT_TRUE(contains(client_error(), "IP address mismatch"));
}

TEST_F(TlsContextTest, SubjectNamesReplaceTheServerName) {
  test::CertificateSpec spec;
  spec.dns_names = {"*.internal.example"};
  spec.uris = {"spiffe://cluster/ns/ai/sa/model"};
  ServerConfig server = server_config();
  server.identities[0].certificates = {pair_of(ca_.issue(spec))};
  struct Case {
    std::vector<SubjectName> names;
    bool good;
  };
  const std::vector<Case> cases = {
      {{{Kind::kUri, "spiffe://cluster/ns/ai/sa/model"}}, true},
      {{{Kind::kUri, "spiffe://cluster/ns/ai/sa/other"}}, false},
      {{{Kind::kUri, "spiffe://cluster/ns/ai/sa/mode"}}, false},
      {{{Kind::kHostname, "a.internal.example"}}, true},
      {{{Kind::kHostname, "a.b.internal.example"}}, false},
      {{{Kind::kHostname, "x.example"}, {Kind::kUri, "spiffe://cluster/ns/ai/sa/model"}}, true},
      {{{Kind::kHostname, "api.example.com"}}, false},
  };
  for (const Case& one : cases) {
    ClientConfig client = client_config();  // the name sent is in no certificate
    client.subject_names = one.names;
    start(server, client);
    EXPECT_EQ(handshake(), one.good) << one.names[0].value;
    if (one.good) {
      EXPECT_EQ(server_->tls_info()->server_name, "api.example.com");
    }
  }
}

TEST_F(TlsContextTest, AServerCertificateMayItselfBeTheTrustAnchor) {
  const test::TestCertificate leaf = ca_.issue_for("api.example.com");
  ServerConfig server = server_config();
  server.identities[0].certificates = {pair_of(leaf)};
  ClientConfig client = client_config();
  client.trust.pems = {leaf.cert_pem};
  start(server, client);
  EXPECT_TRUE(handshake());
}

TEST_F(TlsContextTest, ExtraAuthoritiesAreBelievedByAllContexts) {
  ClientContexts contexts(Trust{false, {ca_.pem()}});
  ClientConfig client = client_config();
  client.trust = {};
  client.trust.system = true;
  server_context_ = std::move(ServerContext::create(server_config())).value();
  client_context_ = std::move(contexts.get(client)).value();
  start(server_context_, client_context_);
  EXPECT_TRUE(handshake());
}

TEST_F(TlsContextTest, SkippingVerificationAcceptsAnybody) {
  ClientConfig client = client_config("nobody.example");
  client.trust = {};
  client.insecure_skip_verify = true;
  start(server_config(), client);
  EXPECT_TRUE(handshake());
  EXPECT_FALSE(client_->tls_info()->peer_verified);
}

TEST_F(TlsContextTest, TheServerChoosesItsCertificateBySni) {
  ServerConfig server;
  for (const char* name : {"", "api.example.com", "*.example.com", "*.deep.example.com"}) {
    test::CertificateSpec spec;
    spec.common_name = *name == '\0' ? "default" : name;
    server.identities.push_back({name, {pair_of(ca_.issue(spec))}});
  }
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"api.example.com", "CN=api.example.com"},
      {"API.Example.Com", "CN=api.example.com"},
      {"x.example.com", "CN=*.example.com"},
      {"a.b.example.com", "CN=*.example.com"},
      {"a.deep.example.com", "CN=*.deep.example.com"},
      {"example.com", "CN=default"},
      {"elsewhere.org", "CN=default"},
  };
  for (const auto& [name, subject] : cases) {
    ClientConfig client = client_config(name);
    client.insecure_skip_verify = true;
    start(server, client);
    ASSERT_TRUE(handshake()) << name;
    EXPECT_EQ(client_->tls_info()->peer_subject, subject) << name;
  }
}

TEST_F(TlsContextTest, WithoutADefaultUnknownNamesAreRefused) {
  ServerConfig server = server_config();
  server.identities[0].hostname = "api.example.com";
  start(server, client_config("other.example.com"));
  EXPECT_TRUE(contains(client_error(), "unrecognized name"));
  start(server, client_config("127.0.0.1"));
  EXPECT_TRUE(contains(client_error(), "unrecognized name")) << "no name sent at all";
  start(server, client_config());
  EXPECT_TRUE(handshake());
}

TEST_F(TlsContextTest, AlpnIsAgreedInTheServersOrderOrRefused) {
  ServerConfig server = server_config();
  server.alpn = {"h2", "http/1.1"};
  ClientConfig client = client_config();
  client.alpn = {"http/1.1", "h2"};
  start(server, client);
  ASSERT_TRUE(handshake());
  EXPECT_EQ(client_->alpn(), "h2");
  EXPECT_EQ(server_->alpn(), "h2");
  client.alpn = {"tollgate-push/1"};
  start(server, client);
  EXPECT_TRUE(contains(client_error(), "no application protocol"));
  client.alpn = {};
  start(server, client);
  ASSERT_TRUE(handshake());
  EXPECT_EQ(server_->alpn(), "");
}

TEST_F(TlsContextTest, MutualTlsShowsThePeersNames) {
  ServerConfig server = server_config();
  server.client_auth = ClientAuth::kRequired;
  server.client_ca_pems = {ca_.pem()};
  server.min_version = Version::kTls13;
  ClientConfig client = client_config();
  test::CertificateSpec spec;
  spec.dns_names = {"proxy.local"};
  spec.uris = {"tollgate://gateway/ns/name"};
  client.identity = pair_of(ca_.issue(spec));
  start(server, client);
  ASSERT_TRUE(handshake());
  const auto info = server_->tls_info();
  EXPECT_TRUE(info->peer_verified);
  EXPECT_EQ(info->peer_uris, spec.uris);
  EXPECT_EQ(info->peer_dns_names, spec.dns_names);
}

TEST_F(TlsContextTest, MutualTlsRefusesMissingAndForeignCertificates) {
  ServerConfig server = server_config();
  server.client_auth = ClientAuth::kRequired;
  server.client_ca_pems = {ca_.pem()};
  start(server, client_config());
  ASSERT_TRUE(worker_.until([&] { return server_seen_.closes == 1; }));
  EXPECT_TRUE(contains(server_seen_.error->detail, "peer did not return a certificate"));
  EXPECT_EQ(server_seen_.opens, 0);
  // In TLS 1.3 the client has finished before the server judges: it learns by an error later.
  ASSERT_TRUE(worker_.until([&] { return client_seen_.closes == 1; }));
  EXPECT_TRUE(contains(client_seen_.error->detail, "certificate required"));

  const test::TestCa stranger("Stranger");
  ClientConfig client = client_config();
  client.identity = pair_of(stranger.issue_for("proxy"));
  start(server, client);
  ASSERT_TRUE(worker_.until([&] { return server_seen_.closes == 1; }));
  EXPECT_TRUE(contains(server_seen_.error->detail, "certificate not accepted"));

  server.client_auth = ClientAuth::kOptional;
  start(server, client_config());
  EXPECT_TRUE(handshake());
  EXPECT_FALSE(server_->tls_info()->peer_verified);
}

TEST_F(TlsContextTest, SessionsAreResumedAlsoOnAnotherWorker) {
  ServerConfig server = server_config();
  server.ticket_key = base::Secret(std::string(80, 'k'));
  start(server, client_config());
  ASSERT_TRUE(handshake());
  server_->write("x");  // the ticket comes with the first bytes
  ASSERT_TRUE(worker_.until([&] { return client_seen_.data == "x"; }));
  EXPECT_FALSE(client_->tls_info()->resumed);
  client_->close();
  const auto client_context = client_context_;
  retire(std::move(client_));
  test::settle(*worker_.loop);
  const auto other_worker = std::move(ServerContext::create(server)).value();
  start(other_worker, client_context);
  ASSERT_TRUE(handshake());
  EXPECT_TRUE(client_->tls_info()->resumed);
  EXPECT_TRUE(server_->tls_info()->resumed);
  EXPECT_TRUE(client_->tls_info()->peer_verified);
}

TEST_F(TlsContextTest, Tls12IsSpokenOnlyIfAllowed) {
  for (const Version least : {Version::kTls12, Version::kTls13}) {
    ServerConfig server = server_config();
    server.min_version = least;
    server_context_ = std::move(ServerContext::create(server)).value();
    Address address;
    auto [near, far] = connected_sockets(address);
    server_seen_ = {};
    server_ =
        make_server_stream(worker_.io, std::move(far), address, server_context_, server_seen_);
    // A client of the old kind, straight on OpenSSL: ours always offers TLS 1.3.
    const Handle<ssl_ctx_st> context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    const Handle<ssl_st> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), near.get());
    SSL_set_connect_state(ssl.get());
    ASSERT_TRUE(worker_.until([&] {
      const int result = SSL_do_handshake(ssl.get());
      return result == 1 || SSL_get_error(ssl.get(), result) == SSL_ERROR_SSL;
    }));
    const bool allowed = least == Version::kTls12;
    EXPECT_EQ(SSL_is_init_finished(ssl.get()) == 1, allowed);
    ASSERT_TRUE(worker_.until([&] { return server_seen_.opens + server_seen_.closes == 1; }));
    EXPECT_EQ(server_seen_.opens == 1, allowed);
    if (allowed) {
      EXPECT_EQ(server_->tls_info()->version, "TLSv1.2");
    } else {
      EXPECT_TRUE(contains(server_seen_.error->detail, "unsupported protocol"));
    }
  }
}

TEST_F(TlsContextTest, RsaAndEcdsaCertificatesOfOneIdentity) {
  test::CertificateSpec spec;
  spec.dns_names = {"api.example.com"};
  spec.rsa = true;
  ServerConfig server = server_config();
  server.identities[0].certificates.push_back(pair_of(ca_.issue(spec)));
  start(server, client_config());
  EXPECT_TRUE(handshake());
}

TEST_F(TlsContextTest, EqualConfigurationsShareAContextAndDifferentOnesDoNot) {
  const auto a = std::move(contexts_.get(client_config())).value();
  const auto b = std::move(contexts_.get(client_config())).value();
  EXPECT_EQ(a, b);
  ClientConfig other = client_config();
  other.alpn = {"h2"};
  auto c = std::move(contexts_.get(other)).value();
  EXPECT_NE(a, c);
  EXPECT_EQ(contexts_.size(), 2U);
  c.reset();
  EXPECT_EQ(contexts_.size(), 1U);
}

TEST(TlsConfigTest, TheIdentifierSeesEveryField) {
  const std::vector<void (*)(ClientConfig&)> changes = {
      [](ClientConfig&) {},
      [](ClientConfig& c) { c.server_name = "b"; },
      [](ClientConfig& c) { c.subject_names = {{Kind::kUri, "u"}}; },
      [](ClientConfig& c) { c.subject_names = {{Kind::kHostname, "u"}}; },
      [](ClientConfig& c) { c.trust.system = true; },
      [](ClientConfig& c) { c.trust.pems = {"p"}; },
      [](ClientConfig& c) { c.identity.chain_pem = "c"; },
      [](ClientConfig& c) { c.identity.key_pem = base::Secret("k"); },
      [](ClientConfig& c) { c.alpn = {"ab"}; },
      [](ClientConfig& c) { c.alpn = {"a", "b"}; },
      [](ClientConfig& c) { c.min_version = Version::kTls13; },
      [](ClientConfig& c) { c.insecure_skip_verify = true; },
  };
  std::vector<base::Hash128> seen;
  for (const auto change : changes) {
    ClientConfig config;
    config.server_name = "a";
    change(config);
    for (const base::Hash128& other : seen) EXPECT_NE(other, config.id());
    seen.push_back(config.id());
  }
}

TEST_F(TlsContextTest, BadConfigurationIsRefusedWithAReason) {
  const test::TestCertificate good = ca_.issue_for("a");
  const test::TestCertificate other = ca_.issue_for("b");
  const auto reason = [](const KeyPair& pair) {
    const auto status = check_key_pair(pair);
    return status ? std::string("good") : status.error().detail;
  };
  EXPECT_EQ(reason(pair_of(good)), "good");
  EXPECT_TRUE(contains(reason({good.cert_pem, base::Secret(other.key_pem)}), "does not belong"));
  EXPECT_TRUE(contains(reason({"", base::Secret(good.key_pem)}), "no PEM certificate"));
  EXPECT_TRUE(contains(reason({good.cert_pem, base::Secret("x")}), "not a PEM private key"));
  std::string broken = good.cert_pem;
  broken.replace(100, 4, "!!!!");
  EXPECT_TRUE(contains(reason({broken, base::Secret(good.key_pem)}), "not a PEM certificate"));
  EXPECT_TRUE(check_ca_pem(ca_.pem()));
  EXPECT_FALSE(check_ca_pem("-----BEGIN NONSENSE-----"));

  ServerConfig server = server_config();
  server.identities.push_back({"x.example", {{good.cert_pem, base::Secret(other.key_pem)}}});
  const auto refused = ServerContext::create(server);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(contains(refused.error().detail, "x.example"));
  EXPECT_EQ(refused.error().origin, base::Origin::kConfig);
  server = server_config();
  server.ticket_key = base::Secret("short");
  EXPECT_FALSE(ServerContext::create(server));
  EXPECT_FALSE(ServerContext::create(ServerConfig{}));
  EXPECT_FALSE(contexts_.get(ClientConfig{})) << "nothing to verify";
}

}  // namespace
}  // namespace tollgate::dataplane::net::tls
