#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tollgate::controller::cli {

/// `tollgate run`: standalone.
struct RunOptions {
  std::vector<std::string> files;
  std::string admin;  // HOST:PORT; empty = no admin server
  std::string api;    // HOST:PORT of the read API, loopback only; empty = off
  std::string bind = "0.0.0.0";
  bool real_ports = false;
  bool mock = false;
  std::vector<std::string> resolve;  // HOST:PORT=ADDR:PORT
  std::string upstream_ca;           // file of PEM certificates
  std::string limit_store;         // as parse_store_url takes it; empty = counters in this process
  std::string limit_store_secret;  // NS/NAME
  std::string state_dir;           // counters of long windows outlive the process; empty = nowhere
  unsigned workers = 0;            // 0 = as many as CPUs
  std::string log_level = "info";
};

/// `tollgate controller`: the operator.
struct ControllerOptions {
  std::string kubeconfig;
  std::vector<std::string> watch_namespaces;
  std::vector<std::string> adopt_controller_names;
  std::string admin = "127.0.0.1:18001";
  std::string push = "0.0.0.0:18000";
  std::string push_host;  // how proxies reach this controller; empty = the install's Service
  std::string proxy_image = "tollgate/tollgate-proxy:latest";
  std::string limit_store;         // as parse_store_url takes it
  std::string limit_store_secret;  // NS/NAME
  std::string api;                 // HOST:PORT of the read API, loopback only; empty = off
  bool leader_elect = true;
  std::string log_level = "info";
};

enum class Output { kTable, kYaml, kJson };

/// `tollgate check`: the status that each object would get.
struct CheckOptions {
  std::vector<std::string> files;
  Output output = Output::kTable;
  bool real_ports = false;
};

/// `tollgate get`: tables as kubectl prints them.
struct GetOptions {
  std::vector<std::string> kinds;  // as people type them; empty = all
  std::vector<std::string> files;
  std::string api;  // HOST:PORT of a read API; instead of files
  bool real_ports = false;
};

/// `tollgate explain`: where a request goes and why.
struct ExplainOptions {
  std::vector<std::string> files;
  std::string gateway;  // NS/NAME
  std::string method = "POST";
  std::string path;
  std::string host;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // the bytes themselves; `--body @FILE` was read
  Output output = Output::kTable;
  bool real_ports = false;
};

struct VersionOptions {};

using Command = std::variant<RunOptions, ControllerOptions, CheckOptions, GetOptions,
                             ExplainOptions, VersionOptions>;

/// What the arguments ask for, or what to print and the exit code (0 for help, 2 for a mistake).
struct ParseFailure {
  int exit_code = 2;
  std::string text;
};
using Parsed = std::variant<Command, ParseFailure>;

/// `arguments` without the program's name.
Parsed parse(const std::vector<std::string>& arguments);

}  // namespace tollgate::controller::cli
