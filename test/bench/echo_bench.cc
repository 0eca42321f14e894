// CPU per echo round trip and memory per idle connection of dataplane/net, plain and TLS.
//   echo_bench [connections [round trips per connection [message bytes]]]
// Client and server are two processes on loopback; only the server's own thread is measured.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/net/listener.h"
#include "dataplane/net/tcp.h"
#include "dataplane/net/tls/stream.h"
#include "test/support/certificates.h"

namespace tollgate::bench {
namespace {

using namespace dataplane;  // NOLINT: a program of one file

struct Options {
  int connections = 1000;
  int round_trips = 200;
  std::size_t message_bytes = 600;
};

double cpu_micros() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  constexpr double kMicros = 1e6;
  return (static_cast<double>(usage.ru_utime.tv_sec) + static_cast<double>(usage.ru_stime.tv_sec)) *
             kMicros +
         static_cast<double>(usage.ru_utime.tv_usec) + static_cast<double>(usage.ru_stime.tv_usec);
}

long anonymous_kib() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  long value = 0;
  while (file >> word) {
    if (word == "Anonymous:") {
      file >> value;
      break;
    }
  }
  return value;
}

struct Worker {
  base::SystemClock clock;
  std::unique_ptr<event::Loop> loop = std::move(event::Loop::create(clock)).value();
  net::BufferPool buffers;
  net::IoContext io{*loop, buffers};
};

class Client final : public net::StreamHandler {
 public:
  Client(const Options& options, int& open, int& done)
      : options_(options), open_(open), done_(done), left_(options.round_trips) {}
  void on_open(net::Stream& stream) override {
    stream_ = &stream;
    ++open_;
  }
  void go() { stream_->write(message_); }
  void on_data(net::Stream& stream, net::Slice data) override {
    got_ += data.size();
    if (got_ < options_.message_bytes) return;
    got_ = 0;
    if (--left_ == 0) {
      ++done_;
    } else {
      stream.write(message_);
    }
  }
  void on_end(net::Stream&, net::StreamEnd) override { std::exit(3); }
  void on_closed(net::Stream&, const base::Error& error) override {
    std::fprintf(stderr, "client: %s\n", error.detail.c_str());
    std::exit(3);
  }

 private:
  const Options& options_;
  int& open_;
  int& done_;
  int left_;
  std::size_t got_ = 0;
  net::Stream* stream_ = nullptr;
  std::string message_ = std::string(options_.message_bytes, 'm');
};

int run_client(const Options& options, const net::Address& address,
               const std::shared_ptr<net::tls::ClientContext>& tls, int go_fd) {
  Worker worker;
  int open = 0;
  int done = 0;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<net::Stream>> streams;
  for (int i = 0; i < options.connections; ++i) {
    clients.push_back(std::make_unique<Client>(options, open, done));
    if (tls == nullptr) {
      streams.push_back(std::move(net::connect_tcp(worker.io, address, *clients.back())).value());
    } else {
      streams.push_back(net::tls::make_client_stream(worker.io,
                                                     std::move(net::begin_connect(address)).value(),
                                                     address, tls, *clients.back()));
    }
    while (open < i + 1) worker.loop->turn(std::chrono::milliseconds(100));
  }
  char byte = 0;
  if (read(go_fd, &byte, 1) != 1) return 1;
  for (const auto& client : clients) client->go();
  while (done < options.connections) worker.loop->turn(std::chrono::milliseconds(100));
  return 0;
}

struct Server final : net::AcceptHandler, net::StreamHandler {
  explicit Server(Worker& worker_in) : worker(worker_in) {}
  void on_accept(net::Accepted accepted) override {
    if (tls == nullptr) {
      streams.push_back(
          net::make_tcp_stream(worker.io, std::move(accepted.socket), accepted.peer, *this));
    } else {
      streams.push_back(net::tls::make_server_stream(worker.io, std::move(accepted.socket),
                                                     accepted.peer, tls, *this));
    }
  }
  void on_open(net::Stream&) override { ++open; }
  void on_data(net::Stream& stream, net::Slice data) override {
    bytes += data.size();
    stream.write(std::move(data));
  }
  void on_end(net::Stream& stream, net::StreamEnd) override { stream.close(); }
  void on_closed(net::Stream&, const base::Error&) override {}

  Worker& worker;
  std::shared_ptr<net::tls::ServerContext> tls;
  std::vector<std::unique_ptr<net::Stream>> streams;
  int open = 0;
  std::size_t bytes = 0;
};

void measure(const Options& options, bool with_tls) {
  Worker worker;
  Server server(worker);
  server.streams.reserve(static_cast<std::size_t>(options.connections));
  std::shared_ptr<net::tls::ClientContext> client_tls;
  net::tls::ClientContexts contexts;
  if (with_tls) {
    const test::TestCa ca;
    const test::TestCertificate leaf = ca.issue_for("bench.example");
    net::tls::ServerConfig config;
    config.identities.push_back({"", {{leaf.cert_pem, base::Secret(leaf.key_pem)}}});
    server.tls = std::move(net::tls::ServerContext::create(config)).value();
    net::tls::ClientConfig client;
    client.server_name = "bench.example";
    client.trust.pems = {ca.pem()};
    client_tls = std::move(contexts.get(client)).value();
  }
  const auto listener =
      std::move(net::Listener::open(*worker.loop, *net::parse_ip("127.0.0.1", 0), server)).value();
  int go[2];
  if (pipe(go) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) _exit(run_client(options, listener->address(), client_tls, go[0]));
  const long before_kib = anonymous_kib();
  const double before_accept = cpu_micros();
  while (server.open < options.connections) worker.loop->turn(std::chrono::milliseconds(100));
  const double accept_micros = (cpu_micros() - before_accept) / options.connections;
  for (int i = 0; i < 20; ++i) worker.loop->turn(std::chrono::milliseconds(5));
  const long after_kib = anonymous_kib();
  const std::size_t total =
      static_cast<std::size_t>(options.connections) * static_cast<std::size_t>(options.round_trips);
  const std::uint64_t turns = worker.loop->turns();
  const double begin = cpu_micros();
  if (write(go[1], "g", 1) != 1) std::exit(1);
  while (server.bytes < total * options.message_bytes) {
    worker.loop->turn(std::chrono::milliseconds(100));
  }
  const double spent = cpu_micros() - begin;
  std::printf(
      "%-5s  %d connections, %zu-byte messages: %.2f us CPU per echo, %.1f us per accepted "
      "connection, %.0f bytes per idle connection, %.1f messages per turn\n",
      with_tls ? "TLS" : "plain", options.connections, options.message_bytes,
      spent / static_cast<double>(total), accept_micros,
      static_cast<double>(after_kib - before_kib) * 1024 / options.connections,
      static_cast<double>(total) / static_cast<double>(worker.loop->turns() - turns));
  int status = 0;
  waitpid(child, &status, 0);
  for (auto& stream : server.streams) net::retire(std::move(stream));
  worker.loop->turn(std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace tollgate::bench

int main(int argc, char** argv) {
  tollgate::bench::Options options;
  if (argc > 1) options.connections = std::atoi(argv[1]);
  if (argc > 2) options.round_trips = std::atoi(argv[2]);
  if (argc > 3) options.message_bytes = static_cast<std::size_t>(std::atoi(argv[3]));
  tollgate::dataplane::net::raise_open_file_limit();
  tollgate::bench::measure(options, false);
  tollgate::bench::measure(options, true);
  return 0;
}
