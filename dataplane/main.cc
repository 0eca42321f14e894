// tollgate-proxy: the data plane alone. It serves what the push channel brings, or a file.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/env.h"
#include "dataplane/base/log.h"
#include "dataplane/base/text.h"
#include "dataplane/event/signals.h"
#include "dataplane/proxy/channel.h"
#include "dataplane/proxy/command_line.h"
#include "dataplane/proxy/proxy.h"

namespace {

using namespace tollgate::dataplane;

constexpr int kUsageError = 2;

int fail(std::string_view what, const base::Error& error) {
  std::cerr << "tollgate-proxy: " << what << ": " << error.detail << '\n';
  return 1;
}

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::config_error(base::Code::kNotFound, "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Serves the set in the file; the lines on stderr are what scripts wait for.
bool serve_file(proxy::Proxy& proxy, const std::string& path, const proxy::Options& options) {
  auto text = read_file(path);
  if (!text) {
    fail("snapshot", text.error());
    return false;
  }
  auto set = snapshot::decode_lines(*text);
  if (!set) {
    fail(path, set.error());
    return false;
  }
  const proxy::ApplyResult result = proxy.apply_and_wait(snapshot::diff({}, *set));
  for (const snapshot::Refusal& problem : result.problems) {
    std::cerr << "tollgate-proxy: " << problem.key << ": " << problem.why << '\n';
  }
  if (!result.accepted || !result.problems.empty()) return false;
  for (const std::string& line : proxy::ready_lines(result, options)) std::cerr << line << '\n';
  return true;
}

/// Says what is served as it changes: each listener once, and `ready` with the first.
class ReadyLines {
 public:
  explicit ReadyLines(const proxy::Options& options) : options_(options) {}
  void say(const proxy::ApplyResult& result) {
    for (const std::string& line : proxy::ready_lines(result, options_)) {
      if (said_.insert(line).second) std::cerr << line << '\n';
    }
  }

 private:
  const proxy::Options& options_;
  std::set<std::string> said_;
};

}  // namespace

int main(int argc, char** argv) {
  event::block_signals({SIGTERM, SIGINT});
  base::log::init(base::log::Level::kInfo, false);
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  auto command = proxy::parse_command_line(arguments);
  if (!command) {
    std::cerr << "tollgate-proxy: " << command.error().detail << "\n\n" << proxy::usage();
    return kUsageError;
  }
  auto started = proxy::Proxy::start(command->options);
  if (!started) return fail("cannot start", started.error());
  proxy::Proxy& proxy = **started;

  ReadyLines lines(command->options);
  std::unique_ptr<proxy::Channel> channel;
  if (!command->snapshot_file.empty()) {
    if (!serve_file(proxy, command->snapshot_file, command->options)) return 1;
  } else {
    command->channel.instance = base::env_or("POD_NAME", "tollgate-proxy");
    command->channel.version = TOLLGATE_VERSION;
    auto connected = proxy::Channel::start(
        proxy, command->channel, [&lines](const proxy::ApplyResult& result) { lines.say(result); });
    if (!connected) return fail("push channel", connected.error());
    channel = std::move(*connected);
  }
  event::wait_for_signal({SIGTERM, SIGINT});
  channel.reset();
  proxy.drain_and_wait();
  return 0;
}
