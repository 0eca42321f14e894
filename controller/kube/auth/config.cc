#include "controller/kube/auth/config.h"

#include <sys/stat.h>

#include <cstdlib>

#include "controller/kube/auth/files.h"
#include "dataplane/base/text.h"

namespace tollgate::controller::kube::auth {

namespace {

namespace base = dataplane::base;

std::string env_or_empty(const GetEnv& env, std::string_view name) {
  return env(name).value_or(std::string());
}

bool exists(const std::string& file) {
  struct stat info{};
  return ::stat(file.c_str(), &info) == 0;
}

}  // namespace

std::optional<std::string> process_env(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

base::Result<Config> load_in_cluster(const InClusterOptions& options) {
  const std::string host = env_or_empty(options.env, "KUBERNETES_SERVICE_HOST");
  const std::string port = env_or_empty(options.env, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return base::config_error(base::Code::kNotFound,
                              "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT "
                              "are not set");
  }
  Config config;
  config.source = "service account in " + options.directory;
  const bool ipv6 = host.find(':') != std::string::npos;
  config.server = "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port;
  config.token_file = options.directory + "/token";
  config.certificate_authority.file = options.directory + "/ca.crt";
  TRY(read_file(config.token_file, "service account token"));
  TRY(read_file(config.certificate_authority.file, "service account CA"));
  const auto namespace_ = read_file(options.directory + "/namespace", "service account namespace");
  if (namespace_) config.namespace_ = base::trim(*namespace_);
  return config;
}

base::Result<Config> load_config(const KubeconfigOptions& kubeconfig,
                                 const InClusterOptions& in_cluster) {
  if (!kubeconfig.file.empty() || !env_or_empty(kubeconfig.env, "KUBECONFIG").empty()) {
    return load_kubeconfig(kubeconfig);
  }
  auto pod = load_in_cluster(in_cluster);
  if (pod || pod.error().code != base::Code::kNotFound) return pod;
  const std::string home = env_or_empty(kubeconfig.env, "HOME");
  if (!home.empty() && exists(home + "/.kube/config")) return load_kubeconfig(kubeconfig);
  return base::config_error(base::Code::kNotFound,
                            "no API server is configured: not in a pod, no --kubeconfig, no "
                            "KUBECONFIG and no ~/.kube/config");
}

}  // namespace tollgate::controller::kube::auth
