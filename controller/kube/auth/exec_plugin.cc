#include "controller/kube/auth/exec_plugin.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "controller/kube/auth/files.h"
#include "dataplane/base/hash.h"
#include "reconcilers/document/member.h"

extern char** environ;  // NOLINT: POSIX's name

namespace tollgate::controller::kube::auth {

namespace {

namespace base = dataplane::base;
using reconcilers::document::text_of;
using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxOutputBytes = 1U << 20U;
constexpr int kFirstInheritedFd = 3;

base::Error plugin_error(const ExecPlugin& plugin, const std::string& text) {
  std::string detail = "exec plug-in " + plugin.command + ": " + text;
  if (!plugin.install_hint.empty()) detail += " (" + plugin.install_hint + ")";
  return base::config_error(base::Code::kUnauthenticated, std::move(detail));
}

std::string exec_info(const ExecPlugin& plugin, const Config& config) {
  nlohmann::json spec = {{"interactive", false}};
  if (plugin.provide_cluster_info) {
    nlohmann::json cluster = {{"server", config.server}};
    if (!config.tls_server_name.empty()) cluster["tls-server-name"] = config.tls_server_name;
    if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
    if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
    const PemSource& ca = config.certificate_authority;
    std::string pem(ca.inline_pem.reveal());
    if (pem.empty() && !ca.file.empty()) pem = read_file(ca.file, "CA").value_or(std::string());
    if (!pem.empty()) cluster["certificate-authority-data"] = base::base64_encode(pem);
    spec["cluster"] = std::move(cluster);
  }
  const nlohmann::json info = {
      {"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
  return info.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> environment(const ExecPlugin& plugin, const Config& config) {
  std::vector<std::string> out;
  out.reserve(plugin.env.size() + 1);
  for (const auto& [name, value] : plugin.env) {
    out.push_back(name + "=" + std::string(value.reveal()));
  }
  out.push_back("KUBERNETES_EXEC_INFO=" + exec_info(plugin, config));
  const std::size_t own = out.size();
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (std::size_t i = 0; i < own; ++i) replaced |= out[i].rfind(name, 0) == 0;
    if (!replaced) out.emplace_back(text);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Starts the plug-in with its output going to `out`; it inherits no other descriptor of ours.
base::Result<pid_t> spawn(const ExecPlugin& plugin, const Config& config, int out) {
  std::vector<std::string> arguments{plugin.command};
  arguments.insert(arguments.end(), plugin.args.begin(), plugin.args.end());
  std::vector<std::string> variables = environment(plugin, config);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(variables);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, kFirstInheritedFd);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // so that a kill reaches children
  pid_t pid = 0;
  const int code =
      posix_spawnp(&pid, plugin.command.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return plugin_error(plugin, base::errno_text(code));
  return pid;
}

/// Reads to the end of the output; false if the deadline came first or it is too long.
bool read_output(int fd, Deadline deadline, std::string& output) {
  char buffer[4096];
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || output.size() > kMaxOutputBytes) return false;
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) output.append(buffer, static_cast<std::size_t>(got));
  }
}

std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::time_t seconds = ::timegm(&parts);
  while (*rest == '.' || (*rest >= '0' && *rest <= '9')) ++rest;
  if ((*rest == '+' || *rest == '-') && std::strlen(rest) == 6) {
    const std::time_t hours = (rest[1] - '0') * 10 + (rest[2] - '0');
    const std::time_t minutes = (rest[4] - '0') * 10 + (rest[5] - '0');
    const std::time_t offset = (hours * 60 + minutes) * 60;
    seconds += *rest == '+' ? -offset : offset;
  } else if (std::strcmp(rest, "Z") != 0) {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(seconds);
}

}  // namespace

base::Result<ExecCredential> parse_exec_credential(std::string_view output,
                                                   std::string_view api_version) {
  const auto invalid = [](std::string text) {
    return base::config_error(base::Code::kUnauthenticated, std::move(text));
  };
  const nlohmann::json document =
      nlohmann::json::parse(output.begin(), output.end(), nullptr, false);
  if (!document.is_object()) return invalid("its output is not a JSON object");
  if (text_of(document, "kind") != "ExecCredential") return invalid("kind: not ExecCredential");
  if (text_of(document, "apiVersion") != api_version) {
    return invalid("apiVersion: not " + std::string(api_version));
  }
  const auto status = document.find("status");
  if (status == document.end() || !status->is_object()) return invalid("status: is missing");
  ExecCredential credential;
  credential.token = base::Secret(text_of(*status, "token"));
  credential.client_certificate_pem = base::Secret(text_of(*status, "clientCertificateData"));
  credential.client_key_pem = base::Secret(text_of(*status, "clientKeyData"));
  if (credential.client_certificate_pem.empty() != credential.client_key_pem.empty()) {
    return invalid("status: clientCertificateData and clientKeyData come together only");
  }
  if (credential.token.empty() && credential.client_key_pem.empty()) {
    return invalid("status: neither a token nor a certificate");
  }
  const std::string expires = text_of(*status, "expirationTimestamp");
  if (!expires.empty()) {
    credential.expires = parse_time(expires);
    if (!credential.expires) return invalid("status.expirationTimestamp: is not RFC 3339");
  }
  return credential;
}

base::Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin, const Config& config) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return plugin_error(plugin, base::errno_text(errno));
  const auto pid = spawn(plugin, config, ends[1]);
  ::close(ends[1]);
  if (!pid) {
    ::close(ends[0]);
    return pid.error();
  }
  std::string output;
  const bool complete =
      read_output(ends[0], std::chrono::steady_clock::now() + plugin.timeout, output);
  ::close(ends[0]);
  if (!complete) ::kill(-*pid, SIGKILL);
  int exit_status = 0;
  while (::waitpid(*pid, &exit_status, 0) < 0 && errno == EINTR) {
  }
  const base::Secret printed(std::move(output));
  if (!complete) return plugin_error(plugin, "took too long or printed too much");
  if (!WIFEXITED(exit_status) || WEXITSTATUS(exit_status) != 0) {
    return plugin_error(plugin, "failed with status " + std::to_string(exit_status));
  }
  auto credential = parse_exec_credential(printed.reveal(), plugin.api_version);
  if (!credential) return plugin_error(plugin, credential.error().detail);
  return credential;
}

}  // namespace tollgate::controller::kube::auth
