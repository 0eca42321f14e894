#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/base/secret.h"

namespace tollgate::controller::kube::auth {

/// A program that prints an ExecCredential (client.authentication.k8s.io/v1 or v1beta1).
struct ExecPlugin {
  std::string command;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, dataplane::base::Secret>> env;
  std::string api_version;
  std::string install_hint;
  bool provide_cluster_info = false;
  std::chrono::milliseconds timeout{60'000};
};

/// Acts as somebody else (kubeconfig `as`...).
struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

/// PEM given inline or by a file that is read again when it changes. Inline wins.
struct PemSource {
  dataplane::base::Secret inline_pem;
  std::string file;
  [[nodiscard]] bool empty() const { return inline_pem.empty() && file.empty(); }
};

/// How to reach an API server and who we are there.
struct Config {
  std::string source;  // "context kind of /home/a/.kube/config", for messages
  std::string server;  // "https://host:port[/prefix]", without a slash at the end
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  PemSource certificate_authority;
  std::string proxy_url;
  std::string namespace_ = "default";

  PemSource client_certificate;
  PemSource client_key;
  dataplane::base::Secret token;
  std::string token_file;  // wins over token and is read again as it rotates
  std::string username;
  dataplane::base::Secret password;
  std::optional<ExecPlugin> exec;
  Impersonation impersonate;
};

using GetEnv = std::function<std::optional<std::string>(std::string_view)>;
/// The process's environment.
std::optional<std::string> process_env(std::string_view name);

struct KubeconfigOptions {
  std::string file;     // --kubeconfig; wins over the KUBECONFIG list
  std::string context;  // wins over current-context
  GetEnv env = process_env;
};

/// Reads one kubeconfig or merges the KUBECONFIG list (the first file that sets a value wins;
/// relative paths are relative to their own file). Errors name the file and the field.
dataplane::base::Result<Config> load_kubeconfig(const KubeconfigOptions& options);

struct InClusterOptions {
  std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount";
  GetEnv env = process_env;
};

/// The service account of a pod. kNotFound if the process does not run in one.
dataplane::base::Result<Config> load_in_cluster(const InClusterOptions& options = {});

/// --kubeconfig or KUBECONFIG if given, else the service account, else ~/.kube/config.
dataplane::base::Result<Config> load_config(const KubeconfigOptions& kubeconfig,
                                            const InClusterOptions& in_cluster = {});

}  // namespace tollgate::controller::kube::auth
