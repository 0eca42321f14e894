// tollgate-mock: the model server as a program, for tests whose provider is a process of its own.

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"
#include "dataplane/base/text.h"
#include "dataplane/event/loop_thread.h"
#include "dataplane/event/signals.h"
#include "dataplane/mock/server/model_server.h"
#include "dataplane/net/buffer.h"

namespace {

using namespace tollgate::dataplane;

constexpr int kUsageError = 2;
constexpr std::uint64_t kMaxPort = 65535;
constexpr std::string_view kUsage =
    "usage: tollgate-mock [--plain ADDR:PORT] [--tls ADDR:PORT] [--ca-out FILE]\n"
    "                     [OPTION]... --host API,HOST,PORT,plain|tls[,MODEL]...\n"
    "  API is openai, azure, anthropic, bedrock, gemini, vertex, aws-sts, azure-ad, google-oauth,\n"
    "  google-sts, google-iam or oidc; without models every name exists\n"
    "What the hosts after it insist on:\n"
    "  --auth none | KIND,KEY (bearer, x-api-key, api-key, x-goog-api-key) | issued: a live token\n"
    "         of this server's token endpoints; for bedrock issued,REGION\n"
    "  --aws REGION,KEY_ID,SECRET_KEY   signatures\n"
    "  --client ID,SECRET[,SUBJECT[,ISSUER]]   the client that token endpoints know; empty = any\n"
    "  --client-key FILE   the public key (PEM) that service accounts sign with\n"
    "  --token-lifetime SECONDS\n";

constexpr std::array<std::pair<std::string_view, mock::Api>, 12> kApis{{
    {"openai", mock::Api::kOpenAi},
    {"azure", mock::Api::kAzure},
    {"anthropic", mock::Api::kAnthropic},
    {"bedrock", mock::Api::kBedrock},
    {"gemini", mock::Api::kGemini},
    {"vertex", mock::Api::kVertex},
    {"aws-sts", mock::Api::kAwsSts},
    {"azure-ad", mock::Api::kAzureAd},
    {"google-oauth", mock::Api::kGoogleOauth},
    {"google-sts", mock::Api::kGoogleSts},
    {"google-iam", mock::Api::kGoogleIam},
    {"oidc", mock::Api::kOidc},
}};

constexpr std::array<std::pair<std::string_view, mock::Auth>, 4> kKeyKinds{{
    {"bearer", mock::Auth::kBearer},
    {"x-api-key", mock::Auth::kXApiKey},
    {"api-key", mock::Auth::kApiKeyHeader},
    {"x-goog-api-key", mock::Auth::kGoogleKey},
}};

struct Settings {
  mock::server::ModelServerOptions server;
  std::string ca_out;
  mock::ExpectedCredential credential;
  mock::TokenClient client;
  std::chrono::seconds token_lifetime{3'600};
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
  bool known = false;
  for (const auto& [name, api] : kApis) {
    if (name != parts[0]) continue;
    host.api = api;
    known = true;
  }
  const auto port = base::parse_u64(parts[2]);
  if (!known || !port || *port > kMaxPort || (parts[3] != "plain" && parts[3] != "tls")) {
    return false;
  }
  host.host = base::to_lower(parts[1]);
  host.port = static_cast<std::uint16_t>(*port);
  host.tls = parts[3] == "tls";
  host.models.assign(parts.begin() + 4, parts.end());
  // Signatures are AWS's: other hosts after --aws insist on nothing.
  const bool signs = settings.credential.auth == mock::Auth::kSigV4 ||
                     settings.credential.auth == mock::Auth::kIssuedSigV4;
  if (!signs || host.api == mock::Api::kBedrock) host.credential = settings.credential;
  host.client = settings.client;
  host.token_lifetime = settings.token_lifetime;
  settings.server.hosts.push_back(std::move(host));
  return true;
}

bool take_auth(Settings& settings, std::string_view value) {
  const std::vector<std::string> parts = split(value);
  settings.credential = {};
  if (parts[0] == "none") return parts.size() == 1;
  if (parts[0] == "issued") {
    settings.credential.auth =
        parts.size() == 2 ? mock::Auth::kIssuedSigV4 : mock::Auth::kIssuedBearer;
    if (parts.size() == 2) settings.credential.region = parts[1];
    return true;
  }
  for (const auto& [name, auth] : kKeyKinds) {
    if (name == parts[0]) settings.credential.auth = auth;
  }
  if (parts.size() != 2 || settings.credential.auth == mock::Auth::kNone) return false;
  settings.credential.key = base::Secret(parts[1]);
  return true;
}

bool take_aws(Settings& settings, std::string_view value) {
  const std::vector<std::string> parts = split(value);
  if (parts.size() != 3) return false;
  settings.credential = {};
  settings.credential.auth = mock::Auth::kSigV4;
  settings.credential.region = parts[0];
  settings.credential.access_key_id = parts[1];
  settings.credential.key = base::Secret(parts[2]);
  return true;
}

bool take_client(Settings& settings, std::string_view value) {
  std::vector<std::string> parts = split(value);
  if (parts.size() < 2 || parts.size() > 4) return false;
  parts.resize(4);
  settings.client.client_id = parts[0];
  settings.client.client_secret = base::Secret(parts[1]);
  settings.client.subject = parts[2];
  settings.client.issuer = parts[3];
  return true;
}

bool take_client_key(Settings& settings, std::string_view value) {
  std::ifstream file{std::string(value)};
  std::ostringstream text;
  text << file.rdbuf();
  settings.client.public_key_pem = text.str();
  return file && !settings.client.public_key_pem.empty();
}

bool take(Settings& settings, std::string_view name, std::string_view value) {
  if (name == "--host") return take_host(settings, value);
  if (name == "--auth") return take_auth(settings, value);
  if (name == "--aws") return take_aws(settings, value);
  if (name == "--client") return take_client(settings, value);
  if (name == "--client-key") return take_client_key(settings, value);
  if (name == "--token-lifetime") {
    const auto seconds = base::parse_u64(value);
    if (seconds) settings.token_lifetime = std::chrono::seconds(*seconds);
    return seconds.has_value();
  }
  if (name == "--ca-out") {
    settings.ca_out = value;
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
  std::unique_ptr<mock::server::ModelServer> server;
  std::string error;
  loop.run([&] {
    auto started = mock::server::ModelServer::start(io, std::move(settings.server), clock.wall());
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
