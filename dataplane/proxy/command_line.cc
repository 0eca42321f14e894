#include "dataplane/proxy/command_line.h"

#include <chrono>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "dataplane/base/text.h"
#include "dataplane/net/tls/context.h"

namespace tollgate::dataplane::proxy {

namespace {

constexpr std::size_t kMaxWorkers = 1024;

base::Error wrong(std::string text) {
  return base::config_error(base::Code::kInvalidArgument, std::move(text));
}

base::Result<std::string> read_certificates(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

base::Result<std::uint64_t> number(std::string_view name, std::string_view text,
                                   std::uint64_t highest) {
  const auto value = base::parse_u64(text);
  if (!value || *value > highest) {
    return wrong(std::string(name) + ": a number up to " + std::to_string(highest));
  }
  return *value;
}

/// State of reading the command line: lists start empty although options have defaults.
struct Parsed {
  CommandLine line;
  net::dns::Overrides overrides;
  std::vector<std::string> bind;
};

base::Status take(Parsed& parsed, std::string_view name, std::string_view value) {
  Options& options = parsed.line.options;
  if (name == "--snapshot") {
    parsed.line.snapshot_file = value;
  } else if (name == "--controller") {
    parsed.line.channel.controller = value;
  } else if (name == "--gateway") {
    parsed.line.channel.gateway = value;
  } else if (name == "--cert-dir") {
    parsed.line.channel.cert_dir = value;
  } else if (name == "--state-dir") {
    parsed.line.channel.state_dir = value;
    parsed.line.options.state_dir = value;
  } else if (name == "--admin") {
    const auto address = net::parse_address(value);
    if (!address) return wrong("--admin: an address and port such as 127.0.0.1:9090");
    options.admin = *address;
  } else if (name == "--workers") {
    TRY_ASSIGN(options.workers, number(name, value, kMaxWorkers));
  } else if (name == "--resolve") {
    return parsed.overrides.add(value);
  } else if (name == "--upstream-ca") {
    TRY_ASSIGN(std::string pem, read_certificates(std::string(value)));
    TRY(net::tls::check_ca_pem(pem));
    options.extra_trust.pems.push_back(std::move(pem));
  } else if (name == "--bind") {
    if (!net::parse_ip(value, 1)) return wrong("--bind: an IP address");
    parsed.bind.emplace_back(value);
  } else if (name == "--access-log") {
    if (value != "stdout" && value != "off") return wrong("--access-log: stdout or off");
    options.access_log_fd = value == "off" ? -1 : 1;
  } else if (name == "--drain-delay-ms") {
    TRY_ASSIGN(const auto value_ms, number(name, value, 3'600'000));
    options.drain_delay = std::chrono::milliseconds(value_ms);
  } else if (name == "--drain-timeout-ms") {
    TRY_ASSIGN(const auto value_ms, number(name, value, 3'600'000));
    options.drain_timeout = std::chrono::milliseconds(value_ms);
  } else {
    return wrong("unknown option " + std::string(name));
  }
  return {};
}

/// Either a file, or a controller with all that the channel needs.
base::Status check_source(const CommandLine& line) {
  const bool from_file = !line.snapshot_file.empty();
  const bool from_controller = !line.channel.controller.empty();
  if (from_file == from_controller) return wrong("one of --snapshot and --controller is needed");
  if (!from_controller) return {};
  if (line.channel.gateway.empty()) return wrong("--controller needs --gateway NS/NAME");
  if (line.channel.cert_dir.empty()) return wrong("--controller needs --cert-dir DIR");
  return {};
}

}  // namespace

std::string_view usage() {
  return "usage: tollgate-proxy --snapshot FILE [options]\n"
         "       tollgate-proxy --controller HOST:PORT --gateway NS/NAME --cert-dir DIR [options]\n"
         "  --state-dir DIR             keep counters of limits and the last good snapshot here\n"
         "  --admin ADDR:PORT           metrics, health, readiness, dump\n"
         "  --workers N                 default: one per CPU\n"
         "  --bind ADDR                 repeatable; default 0.0.0.0 and ::\n"
         "  --resolve HOST:PORT=ADDR:PORT  repeatable; sends a host elsewhere\n"
         "  --upstream-ca FILE          trusts one more certificate authority\n"
         "  --access-log stdout|off     default stdout\n"
         "  --drain-delay-ms N          on SIGTERM, serve on this long first; default 0\n"
         "  --drain-timeout-ms N        then wait this long for answers; default 25000\n";
}

base::Result<CommandLine> parse_command_line(std::span<const std::string_view> arguments) {
  Parsed parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    const std::size_t equals = name.find('=');
    if (name.starts_with("--") && equals != std::string_view::npos) {
      TRY(take(parsed, name.substr(0, equals), name.substr(equals + 1)));
      continue;
    }
    if (i + 1 == arguments.size()) return wrong(std::string(name) + " needs a value");
    TRY(take(parsed, name, arguments[++i]));
  }
  TRY(check_source(parsed.line));
  if (!parsed.bind.empty()) parsed.line.options.bind = std::move(parsed.bind);
  if (!parsed.overrides.empty()) {
    parsed.line.options.overrides =
        std::make_shared<const net::dns::Overrides>(std::move(parsed.overrides));
  }
  return std::move(parsed.line);
}

std::vector<std::string> ready_lines(const ApplyResult& result, const Options& options) {
  std::string host = options.bind.empty() ? "127.0.0.1" : options.bind.front();
  if (const auto address = net::parse_ip(host, 1)) {
    // A wildcard is no address that one can send to.
    const bool v6 = address->family == net::Family::kV6;
    if (address->is_any()) host = v6 ? "::1" : "127.0.0.1";
    if (v6) host = "[" + host + "]";
  }
  std::set<std::string> lines;
  for (const ServedListener& listener : result.listeners) {
    lines.insert("listening on http://" + host + ":" + std::to_string(listener.bind_port) +
                 " (gateway " + listener.gateway + ")");
  }
  std::vector<std::string> all(lines.begin(), lines.end());
  all.emplace_back("ready");
  return all;
}

}  // namespace tollgate::dataplane::proxy
