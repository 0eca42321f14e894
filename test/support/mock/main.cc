// tollgate-mock: the model server as a program, for tests whose provider is a process of its own.

#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"
#include "dataplane/base/text.h"
#include "dataplane/event/loop_thread.h"
#include "dataplane/event/signals.h"
#include "dataplane/mock/model_server.h"
#include "dataplane/net/buffer.h"

namespace {

using namespace tollgate::dataplane;

constexpr int kUsageError = 2;
constexpr std::uint64_t kMaxPort = 65535;
constexpr std::string_view kUsage =
    "usage: tollgate-mock [--plain ADDR:PORT] [--tls ADDR:PORT] [--ca-out FILE]\n"
    "                     [--aws REGION,KEY_ID,SECRET_KEY] --host "
    "API,HOST,PORT,plain|tls[,MODEL]...\n"
    "  API is openai, anthropic or bedrock; without models every name exists\n"
    "  --aws is what the bedrock hosts after it insist on\n";

struct Settings {
  mock::ModelServerOptions server;
  std::string ca_out;
  mock::ExpectedCredential aws;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    parts.emplace_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

bool take_host(Settings& settings, std::string_view value) {
  const std::vector<std::string> parts = split(value);
  if (parts.size() < 4) return false;
  mock::ModelHost host;
  if (parts[0] == "anthropic") {
    host.api = mock::Api::kAnthropic;
  } else if (parts[0] == "bedrock") {
    host.api = mock::Api::kBedrock;
    host.credential = settings.aws;
  } else if (parts[0] != "openai") {
    return false;
  }
  const auto port = base::parse_u64(parts[2]);
  if (!port || *port > kMaxPort || (parts[3] != "plain" && parts[3] != "tls")) return false;
  host.host = base::to_lower(parts[1]);
  host.port = static_cast<std::uint16_t>(*port);
  host.tls = parts[3] == "tls";
  host.models.assign(parts.begin() + 4, parts.end());
  settings.server.hosts.push_back(std::move(host));
  return true;
}

bool take(Settings& settings, std::string_view name, std::string_view value) {
  if (name == "--host") return take_host(settings, value);
  if (name == "--ca-out") {
    settings.ca_out = value;
    return true;
  }
  if (name == "--aws") {
    const std::vector<std::string> parts = split(value);
    if (parts.size() != 3) return false;
    settings.aws.auth = mock::Auth::kSigV4;
    settings.aws.region = parts[0];
    settings.aws.access_key_id = parts[1];
    settings.aws.key = base::Secret(parts[2]);
    return true;
  }
  const auto address = net::parse_address(value);
  if (!address || (name != "--plain" && name != "--tls")) return false;
  (name == "--plain" ? settings.server.plain : settings.server.tls) = *address;
  return true;
}

int serve(Settings settings) {
  base::SystemClock clock;
  auto thread = event::LoopThread::start(clock);
  if (!thread) {
    std::cerr << "tollgate-mock: " << thread.error().detail << '\n';
    return 1;
  }
  event::LoopThread& loop = **thread;
  net::BufferPool buffers;
  const net::IoContext io{loop.loop(), buffers};
  std::unique_ptr<mock::ModelServer> server;
  std::string error;
  loop.run([&] {
    auto started = mock::ModelServer::start(io, std::move(settings.server), clock.wall());
    if (started) {
      server = std::move(*started);
    } else {
      error = started.error().detail;
    }
  });
  if (error.empty() && !settings.ca_out.empty()) {
    std::ofstream file(settings.ca_out);
    file << server->ca_pem();
    if (!file.flush()) error = "cannot write " + settings.ca_out;
  }
  if (error.empty()) {
    std::cerr << "plain " << server->plain_address().to_string() << "\ntls "
              << server->tls_address().to_string() << "\nready\n";
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int signal = 0;
    sigwait(&signals, &signal);
  } else {
    std::cerr << "tollgate-mock: " << error << '\n';
  }
  loop.run([&] { server.reset(); });
  return error.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  event::block_signals({SIGTERM, SIGINT});
  base::log::init(base::log::Level::kInfo, false);
  Settings settings;
  settings.server.plain = *net::parse_address("127.0.0.1:0");
  settings.server.tls = *net::parse_address("127.0.0.1:0");
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !take(settings, argv[i], argv[i + 1])) {
      std::cerr << "tollgate-mock: " << argv[i] << "\n\n" << kUsage;
      return kUsageError;
    }
  }
  return serve(std::move(settings));
}
