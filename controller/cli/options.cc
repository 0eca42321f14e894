#include "controller/cli/options.h"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iterator>
#include <sstream>

namespace tollgate::controller::cli {

namespace {

const std::map<std::string, Output> kOutputs{
    {"table", Output::kTable}, {"yaml", Output::kYaml}, {"json", Output::kJson}};

CLI::Option* add_files(CLI::App& command, std::vector<std::string>& files) {
  return command
      .add_option("-f,--filename", files, "Manifest file or folder; may be given several times")
      ->allow_extra_args(false)
      ->type_name("PATH");
}

void add_output(CLI::App& command, Output& output) {
  command.add_option("-o,--output", output, "table, yaml or json")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->type_name("FORMAT");
}

void add_real_ports(CLI::App& command, bool& real_ports) {
  command.add_flag("--real-ports", real_ports,
                   "Bind listener ports below 1024 as they are, not at port + 10000");
}

void add_log_level(CLI::App& command, std::string& level) {
  command.add_option("--log-level", level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
}

void add_limit_store(CLI::App& command, std::string& url, std::string& secret) {
  command
      .add_option("--limit-store", url,
                  "Count global limits in this Redis or Valkey; rediss:// with TLS")
      ->type_name("redis://[USER@]HOST[:PORT][,HOST[:PORT]...][/DB]");
  command
      .add_option("--limit-store-secret", secret,
                  "Secret with the store's password (and username, ca.crt)")
      ->type_name("NS/NAME");
}

void add_api(CLI::App& command, std::string& address) {
  command.add_option("--api", address, "Serve the read API here; loopback addresses only")
      ->type_name("HOST:PORT");
}

CLI::App* add_run(CLI::App& app, RunOptions& options) {
  CLI::App* command = app.add_subcommand("run", "Run the gateway from manifest files");
  add_files(*command, options.files)->required();
  command->add_option("--admin", options.admin, "Serve /metrics, /healthz, /ready, /snapshot here")
      ->type_name("HOST:PORT");
  add_api(*command, options.api);
  command->add_option("--bind", options.bind, "Address of the listeners")->type_name("ADDRESS");
  add_real_ports(*command, options.real_ports);
  command->add_flag("--mock", options.mock,
                    "Start the built-in model server and send every backend's requests to it");
  command
      ->add_option("--resolve", options.resolve,
                   "Send a backend's host and port elsewhere; may be given several times")
      ->allow_extra_args(false)
      ->type_name("HOST:PORT=ADDR:PORT");
  command->add_option("--upstream-ca", options.upstream_ca, "Trust these PEM certificates too")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  add_limit_store(*command, options.limit_store, options.limit_store_secret);
  command
      ->add_option("--state-dir", options.state_dir,
                   "Keep counters of limits per hour and longer here")
      ->type_name("DIR");
  command->add_option("--workers", options.workers, "Worker threads; 0 = one per CPU")
      ->check(CLI::Range(0, 256));
  add_log_level(*command, options.log_level);
  return command;
}

CLI::App* add_controller(CLI::App& app, ControllerOptions& options) {
  CLI::App* command = app.add_subcommand("controller", "Run the operator in a cluster");
  command
      ->add_option("--kubeconfig", options.kubeconfig,
                   "API server and credentials; in a pod the service account is used")
      ->type_name("FILE");
  command->add_option("--watch-namespaces", options.watch_namespaces, "Only these namespaces")
      ->delimiter(',')
      ->type_name("A,B");
  command
      ->add_option("--adopt-controller-name", options.adopt_controller_names,
                   "Also serve GatewayClasses with this controllerName; may be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command->add_option("--admin", options.admin, "Serve /metrics, /healthz, /ready here")
      ->type_name("HOST:PORT");
  add_api(*command, options.api);
  command->add_option("--push", options.push, "Serve the proxies' channel here")
      ->type_name("HOST:PORT");
  command->add_option("--push-host", options.push_host, "Where proxies connect to")
      ->type_name("HOST:PORT");
  command->add_option("--proxy-image", options.proxy_image, "Image of the proxies")
      ->type_name("IMAGE");
  add_limit_store(*command, options.limit_store, options.limit_store_secret);
  command->add_option("--leader-elect", options.leader_elect,
                      "Write to the API server only while holding the Lease");
  add_log_level(*command, options.log_level);
  return command;
}

CLI::App* add_check(CLI::App& app, CheckOptions& options) {
  CLI::App* command =
      app.add_subcommand("check",
                         "Print the status that each object would get; exit 1 if one is "
                         "refused");
  add_files(*command, options.files)->required();
  add_output(*command, options.output);
  add_real_ports(*command, options.real_ports);
  return command;
}

CLI::App* add_get(CLI::App& app, GetOptions& options) {
  CLI::App* command = app.add_subcommand("get", "Print tables as kubectl get does");
  command->add_option("kinds", options.kinds, "Kinds, as kubectl takes them")->delimiter(',');
  auto* source = command->add_option_group("source");
  add_files(*source, options.files);
  source->add_option("--api", options.api, "Ask the read API of `run` or `controller` instead")
      ->type_name("HOST:PORT");
  source->require_option(1);
  add_real_ports(*command, options.real_ports);
  return command;
}

CLI::App* add_explain(CLI::App& app, ExplainOptions& options, std::vector<std::string>& headers) {
  CLI::App* command = app.add_subcommand("explain", "Say where a request goes, and why");
  add_files(*command, options.files)->required();
  command->add_option("--gateway", options.gateway, "The Gateway")
      ->required()
      ->type_name("NS/NAME");
  command->add_option("--method", options.method, "Request method")->type_name("METHOD");
  command->add_option("--path", options.path, "Request path, with its query if any")
      ->required()
      ->type_name("PATH");
  command->add_option("--host", options.host, "Host of the request")->type_name("HOST");
  command->add_option("-H,--header", headers, "A request header; may be given several times")
      ->allow_extra_args(false)
      ->type_name("'NAME: VALUE'");
  command->add_option("--body", options.body, "Request body, or @FILE")->type_name("TEXT|@FILE");
  add_output(*command, options.output);
  add_real_ports(*command, options.real_ports);
  return command;
}

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Finishes what CLI11 leaves: headers are split, a body file is read. Empty if all is well.
std::string complete(ExplainOptions& options, const std::vector<std::string>& headers) {
  for (const std::string& header : headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return "-H wants 'NAME: VALUE', got '" + header + "'";
    }
    options.headers.emplace_back(trim(header.substr(0, colon)), trim(header.substr(colon + 1)));
  }
  if (options.path.empty() || options.path.front() != '/') return "--path must start with '/'";
  if (options.gateway.find('/') == std::string::npos) return "--gateway wants NS/NAME";
  if (options.body.substr(0, 1) == "@") {
    std::ifstream file(options.body.substr(1), std::ios::binary);
    if (!file) return "cannot read the body file " + options.body.substr(1);
    options.body.assign(std::istreambuf_iterator<char>(file), {});
  }
  return {};
}

}  // namespace

Parsed parse(const std::vector<std::string>& arguments) {
  CLI::App app("Tollgate: an AI gateway for Kubernetes", "tollgate");
  app.require_subcommand(1);
  RunOptions run;
  ControllerOptions controller;
  CheckOptions check;
  GetOptions get;
  ExplainOptions explain;
  std::vector<std::string> headers;
  const CLI::App* run_command = add_run(app, run);
  const CLI::App* controller_command = add_controller(app, controller);
  const CLI::App* check_command = add_check(app, check);
  const CLI::App* get_command = add_get(app, get);
  const CLI::App* explain_command = add_explain(app, explain, headers);
  app.add_subcommand("version", "Print the version");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const bool help = app.exit(error, out, out) == 0;
    return ParseFailure{help ? 0 : 2, out.str()};
  }
  if (run_command->parsed()) return Command(run);
  if (controller_command->parsed()) return Command(controller);
  if (check_command->parsed()) return Command(check);
  if (get_command->parsed()) return Command(get);
  if (explain_command->parsed()) {
    const std::string problem = complete(explain, headers);
    if (!problem.empty()) return ParseFailure{2, "tollgate explain: " + problem + "\n"};
    return Command(explain);
  }
  return Command(VersionOptions{});
}

}  // namespace tollgate::controller::cli
