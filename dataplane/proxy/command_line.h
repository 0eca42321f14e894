#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/proxy/channel.h"
#include "dataplane/proxy/options.h"
#include "dataplane/proxy/proxy.h"

namespace tollgate::dataplane::proxy {

/// What tollgate-proxy was asked to do.
struct CommandLine {
  Options options;
  std::string snapshot_file;  // else `channel` says where the configuration comes from
  ChannelOptions channel;
};

base::Result<CommandLine> parse_command_line(std::span<const std::string_view> arguments);
std::string_view usage();

/// `listening on http://HOST:PORT (gateway NS/NAME)`, one per listener, then `ready`.
std::vector<std::string> ready_lines(const ApplyResult& result, const Options& options);

}  // namespace tollgate::dataplane::proxy
