#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/exchange/h1/client_session.h"
#include "dataplane/exchange/h1/upstream_session.h"
#include "dataplane/net/dial/connector.h"
#include "dataplane/net/tcp.h"
#include "dataplane/router/builder.h"
#include "dataplane/snapshot/codec.h"
#include "test/support/loop_driver.h"

namespace tollgate::dataplane::exchange::testing {

/// Keeps what the records said, since their views do not live on.
class RecordingSink final : public telemetry::Sink {
 public:
  struct Kept {
    int status = 0;
    std::string error;
    std::string backend;
    std::string model_sent;
    std::string model_answered;
    telemetry::TokenCounts tokens;
    std::uint32_t attempts = 0;
    bool client_left = false;
    bool cut = false;
    bool streamed = false;
  };
  void on_exchange(const telemetry::Record& record) override {
    all.push_back({record.status, std::string(record.error), std::string(record.backend),
                   std::string(record.model_sent), std::string(record.model_answered),
                   record.tokens, record.attempts, record.client_left, record.cut,
                   record.streamed});
  }
  void on_client_stalled() override { ++stalled; }
  std::vector<Kept> all;
  int stalled = 0;
};

/// A client that sends what the test says and keeps what comes.
class RawClient final : private net::StreamHandler {
 public:
  RawClient(const net::IoContext& io, const net::Address& address) {
    auto stream = net::connect_tcp(io, address, *this);
    EXPECT_TRUE(stream);
    stream_ = std::move(*stream);
  }
  ~RawClient() { net::retire(std::move(stream_)); }

  void send(std::string_view text) { stream_->write(text); }
  void close() { stream_->close(); }
  void half_close() { stream_->shutdown_write(); }
  void stop_reading() { stream_->pause_read(net::kPauseUser); }
  void read_on() { stream_->resume_read(net::kPauseUser); }

  std::string received;
  bool ended = false;   // FIN
  bool closed = false;  // reset or failed

 private:
  void on_data(net::Stream& /*stream*/, net::Slice data) override { received += data.view(); }
  void on_end(net::Stream& /*stream*/, net::StreamEnd /*end*/) override { ended = true; }
  void on_closed(net::Stream& /*stream*/, const base::Error& /*error*/) override { closed = true; }

  std::unique_ptr<net::Stream> stream_;
};

class ScriptedBackend;

/// One connection to the scripted backend.
class BackendConnection final : private net::StreamHandler {
 public:
  BackendConnection(ScriptedBackend& backend, net::Accepted accepted);
  ~BackendConnection() { net::retire(std::move(stream_)); }

  void send(std::string_view text) { stream_->write(text); }
  void finish() { stream_->close_gracefully(std::chrono::milliseconds(100)); }
  void reset() { stream_->abort(); }
  void stop_reading() { stream_->pause_read(net::kPauseUser); }
  void read_on() { stream_->resume_read(net::kPauseUser); }

  std::string received;
  bool ended = false;
  bool closed = false;

 private:
  void on_data(net::Stream& stream, net::Slice data) override;
  void on_end(net::Stream& stream, net::StreamEnd end) override;
  void on_closed(net::Stream& stream, const base::Error& error) override;

  ScriptedBackend& backend_;
  net::ConnectionSlot slot_;
  std::unique_ptr<net::Stream> stream_;
};

/// A backend whose script decides, on every piece of data, what to send, when to end or to reset.
class ScriptedBackend final : private net::AcceptHandler {
 public:
  using Script = std::function<void(BackendConnection&)>;

  explicit ScriptedBackend(const net::IoContext& io) : io_(io) {
    auto listener = net::Listener::open(io.loop, *net::parse_address("127.0.0.1:0"), *this);
    EXPECT_TRUE(listener);
    listener_ = std::move(*listener);
  }
  [[nodiscard]] std::uint16_t port() const { return listener_->address().port; }
  /// Answers every complete request (head and, by Content-Length, body) with `answer`.
  void always(std::string answer);

  Script on_accept_script;
  Script on_data_script;
  std::vector<std::unique_ptr<BackendConnection>> connections;

 private:
  friend class BackendConnection;
  void on_accept(net::Accepted accepted) override {
    connections.push_back(std::make_unique<BackendConnection>(*this, std::move(accepted)));
    if (on_accept_script) on_accept_script(*connections.back());
  }

  net::IoContext io_;
  std::unique_ptr<net::Listener> listener_;
};

inline BackendConnection::BackendConnection(ScriptedBackend& backend, net::Accepted accepted)
    : backend_(backend), slot_(std::move(accepted.slot)) {
  stream_ = net::make_tcp_stream(backend.io_, std::move(accepted.socket), accepted.peer, *this);
}
inline void BackendConnection::on_data(net::Stream& /*stream*/, net::Slice data) {
  received += data.view();
  if (backend_.on_data_script) backend_.on_data_script(*this);
}
inline void BackendConnection::on_end(net::Stream& /*stream*/, net::StreamEnd /*end*/) {
  ended = true;
}
inline void BackendConnection::on_closed(net::Stream& /*stream*/, const base::Error& /*error*/) {
  closed = true;
}

inline std::size_t complete_request_bytes(std::string_view text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  std::size_t length = 0;
  const std::size_t field = text.find("Content-Length: ");
  if (field < head) length = std::stoul(std::string(text.substr(field + 16, 20)));
  return text.size() >= head + 4 + length ? head + 4 + length : 0;
}

inline void ScriptedBackend::always(std::string answer) {
  auto answered = std::make_shared<std::map<BackendConnection*, std::size_t>>();
  on_data_script = [answer = std::move(answer), answered](BackendConnection& connection) {
    std::size_t& done = (*answered)[&connection];
    while (true) {
      const std::size_t size =
          complete_request_bytes(std::string_view(connection.received).substr(done));
      if (size == 0) return;
      done += size;
      connection.send(answer);
    }
  };
}

/// A gateway of one worker in the test's own loop, on a clock that the test moves, with one
/// listener and rules that the test puts.
class Rig : private net::AcceptHandler, private h1::SessionHost {
 public:
  Rig()
      : loop(std::move(*event::Loop::create(clock))),
        io{*loop, buffers},
        budget(64U << 20U),
        resolver(std::move(*net::dns::Resolver::create(*loop))),
        connector(io, *resolver),
        pools(connector, contexts),
        upstreams(pools, 0),
        services{io,
                 budget,
                 upstreams,
                 http1,
                 sink,
                 gate,
                 router::Random(1),
                 json::Reader(),
                 http::DateCache(),
                 {},
                 nullptr,
                 {},
                 false},
        backend(io) {
    put("gateway/ns/g", snapshot::Gateway{"ns/g"});
    put("client_policy/p", policy);
    put_listener();
    put("route/AIGatewayRoute/ns/ai", snapshot::Route{"AIGatewayRoute", "ns/ai", everywhere()});
    put("route/HTTPRoute/ns/web", snapshot::Route{"HTTPRoute", "ns/web", everywhere()});
    put_backend("b", {backend.port()}, "OpenAI");
    put_backend("w", {backend.port()}, "");
    listener = std::move(*net::Listener::open(*loop, *net::parse_address("127.0.0.1:0"),
                                              static_cast<net::AcceptHandler&>(*this)));
  }
  ~Rig() {
    while (sessions.linked()) {
      auto* session = static_cast<h1::ClientSession*>(sessions.next());
      session->unlink();
      delete session;
    }
  }

  static std::vector<snapshot::Attachment> everywhere() { return {{"listener/ns/g/http", {""}}}; }
  void put(const std::string& key, const snapshot::Value& value) {
    wanted.put(snapshot::make_resource(key, encode(value)));
  }
  void put_listener() {
    snapshot::Listener value;
    value.gateway_key = "gateway/ns/g";
    value.client_policy_key = "client_policy/p";
    value.name = "http";
    value.port = 80;
    value.bind_port = kPort;
    put("listener/ns/g/http", value);
  }
  void put_backend(const std::string& name, const std::vector<std::uint16_t>& ports,
                   const std::string& schema) {
    snapshot::Endpoints endpoints;
    for (const std::uint16_t port : ports) endpoints.endpoints.push_back({"127.0.0.1", port});
    put("endpoints/ns/" + name, endpoints);
    snapshot::Upstream upstream;
    upstream.endpoints_key = "endpoints/ns/" + name;
    put("upstream/ns/" + name, upstream);
    snapshot::Backend value;
    value.name = "ns/" + name;
    value.schema = schema;
    value.upstream_key = "upstream/ns/" + name;
    put("backend/ns/" + name, value);
  }
  /// A rule for model `model` on backend `b`, to be changed by the test and put by `put_rule`.
  static snapshot::Rule ai_rule(const std::string& model) {
    snapshot::Rule rule;
    rule.route_key = "route/AIGatewayRoute/ns/ai";
    rule.name = "ai-" + model;
    rule.ai = true;
    snapshot::Match match;
    match.sort_key = "1-" + model;
    match.headers = {{snapshot::MatchType::kExact, "x-ai-eg-model", model}};
    rule.matches = {match};
    snapshot::BackendRef ref;
    ref.backend_key = "backend/ns/b";
    rule.backends = {ref};
    rule.models = {{model}};
    return rule;
  }
  static snapshot::Rule web_rule(const std::string& prefix) {
    snapshot::Rule rule;
    rule.route_key = "route/HTTPRoute/ns/web";
    rule.name = "web";
    snapshot::Match match;
    match.sort_key = "2-" + prefix;
    match.path = {snapshot::MatchType::kPrefix, prefix};
    rule.matches = {match};
    snapshot::BackendRef ref;
    ref.backend_key = "backend/ns/w";
    rule.backends = {ref};
    return rule;
  }
  void put_rule(const snapshot::Rule& rule) {
    put("rule/" + rule.name + "/" + rule.matches.at(0).sort_key, rule);
  }
  void push() {
    auto outcome = compiler.apply(snapshot::diff(compiler.resources(), wanted));
    ASSERT_TRUE(outcome.update) << outcome.refusals.at(0).key << ": " << outcome.refusals.at(0).why;
    auto config = std::make_shared<attempt::Config>();
    config->snapshot = outcome.update->compiled;
    config->router = builder.update(*outcome.update);
    config->credentials = credentials;
    config->limits = limit_books.update(outcome.update->limits);
    config->costs = costs = costs->with(outcome.update->costs);
    config->since = base::WallTime(std::chrono::seconds(1'700'000'000));
    upstreams.apply(outcome.update->upstreams);
    services.config = std::move(config);
  }

  std::unique_ptr<RawClient> connect() {
    return std::make_unique<RawClient>(io, listener->address());
  }
  template <typename Done>
  [[nodiscard]] bool run_until(Done&& done) {
    return test::run_until(*loop, std::forward<Done>(done));
  }
  void settle() { test::settle(*loop, 20); }
  /// Moves the clock and lets what is due happen.
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    settle();
  }
  /// Sends `request` on a new connection and waits for an answer that `pattern` ends or the end.
  std::string ask(std::string_view request, std::string_view pattern) {
    auto client = connect();
    client->send(request);
    const bool seen = run_until([&] {
      return client->received.find(pattern) != std::string::npos || client->ended || client->closed;
    });
    EXPECT_TRUE(seen) << client->received;
    settle();
    return client->received;
  }

  static constexpr std::uint16_t kPort =
      10080;  // a name only: the socket is at listener->address()

  base::ManualClock clock;
  std::unique_ptr<event::Loop> loop;
  net::BufferPool buffers;
  net::IoContext io;
  net::MemoryBudget budget;
  net::tls::ClientContexts contexts;
  std::unique_ptr<net::dns::Resolver> resolver;
  net::dial::Connector connector;
  upstream::PoolSet pools;
  attempt::Upstreams upstreams;
  h1::UpstreamProtocol http1;
  RecordingSink sink;
  limits::Table limit_table{limits::Table::kMinSlots};
  limits::Gate gate{limit_table};
  limits::BookKeeper limit_books{limit_table};
  std::shared_ptr<const limits::CostBook> costs = std::make_shared<const limits::CostBook>();
  Services services;
  ExchangePool exchanges;
  event::ListNode sessions;
  snapshot::ClientPolicy policy;
  snapshot::ResourceSet wanted;
  snapshot::Compiler compiler;
  router::Builder builder;
  std::shared_ptr<attempt::Credentials> credentials = std::make_shared<attempt::Credentials>();
  ScriptedBackend backend;
  std::unique_ptr<net::Listener> listener;

 private:
  void on_accept(net::Accepted accepted) override {
    sessions.push_back(*std::make_unique<h1::ClientSession>(services, exchanges,
                                                            static_cast<h1::SessionHost&>(*this),
                                                            std::move(accepted), kPort)
                            .release());
  }
  void on_session_over(h1::ClientSession& session) override {
    session.unlink();
    loop->defer_delete(std::unique_ptr<event::Deferred>(&session));
  }
};

/// A chat request with a correct Content-Length.
inline std::string chat_request(std::string_view body, std::string_view more_fields = "") {
  std::string text = "POST /v1/chat/completions HTTP/1.1\r\nHost: gw\r\n";
  text += more_fields;
  text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n\r\n";
  text += body;
  return text;
}

/// The least that passes as an answer.
inline constexpr std::string_view kAnswer = R"({"model":1})";

inline std::string json_answer(std::string_view body, std::string_view status = "200 OK") {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

inline std::string chunk(std::string_view data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return std::string(size) + std::string(data) + "\r\n";
}

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace tollgate::dataplane::exchange::testing
