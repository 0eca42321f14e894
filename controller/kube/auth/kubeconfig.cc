#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <deque>

#include "controller/kube/auth/config.h"
#include "controller/kube/auth/files.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"

// The format is kubectl's Config v1. yaml-cpp throws; only `load_kubeconfig` and `parse` call code
// that may, and both turn exceptions into errors.

namespace tollgate::controller::kube::auth {

namespace {

namespace base = dataplane::base;

struct File {
  std::string path;
  YAML::Node root;
};

/// One named entry (a cluster, a user or a context) and where it stands, for messages and for
/// relative paths.
struct Entry {
  YAML::Node node;
  std::string file;
  std::string where;  // "kubeconfig /home/a/.kube/config: users[admin]"

  [[nodiscard]] bool has(const char* field) const {
    return node.IsMap() && node[field] && !node[field].IsNull();
  }
  [[nodiscard]] base::Error error(const char* field, std::string_view text,
                                  base::Code code = base::Code::kInvalidArgument) const {
    return base::config_error(code, where + "." + field + ": " + std::string(text));
  }
  [[nodiscard]] base::Result<std::string> text(const char* field) const {
    if (!has(field)) return std::string();
    if (!node[field].IsScalar()) return error(field, "is not a string");
    return node[field].Scalar();
  }
  [[nodiscard]] base::Result<bool> flag(const char* field) const {
    if (!has(field)) return false;
    bool value = false;
    if (!YAML::convert<bool>::decode(node[field], value)) return error(field, "is not a boolean");
    return value;
  }
  [[nodiscard]] base::Result<std::vector<std::string>> texts(const char* field) const {
    std::vector<std::string> out;
    if (!has(field)) return out;
    if (!node[field].IsSequence()) return error(field, "is not a list");
    for (const auto& item : node[field]) {
      if (!item.IsScalar()) return error(field, "is not a list of strings");
      out.push_back(item.Scalar());
    }
    return out;
  }
  /// A path; relative ones are relative to the file that holds them.
  [[nodiscard]] base::Result<std::string> path(const char* field) const {
    TRY_ASSIGN(std::string value, text(field));
    if (value.empty() || value.front() == '/') return value;
    const std::size_t slash = file.rfind('/');
    return slash == std::string::npos ? value : file.substr(0, slash + 1) + value;
  }
  /// FIELD-data (base64) or the file that FIELD names.
  [[nodiscard]] base::Result<PemSource> pem(const char* field) const {
    PemSource source;
    const std::string data_field = std::string(field) + "-data";
    TRY_ASSIGN(std::string encoded, text(data_field.c_str()));
    encoded.erase(std::remove_if(encoded.begin(), encoded.end(),
                                 [](unsigned char c) { return std::isspace(c) != 0; }),
                  encoded.end());
    if (encoded.empty()) {
      TRY_ASSIGN(source.file, path(field));
      return source;
    }
    auto decoded = base::base64_decode(encoded);
    if (!decoded) return error(data_field.c_str(), "is not base64");
    source.inline_pem = base::Secret(std::move(*decoded));
    return source;
  }
};

base::Result<File> parse(const std::string& path) {
  TRY_ASSIGN(const std::string content, read_file(path, "kubeconfig"));
  try {
    File file{path, YAML::Load(content)};
    if (!file.root.IsMap() && !file.root.IsNull()) {
      return base::config_error(base::Code::kInvalidArgument,
                                "kubeconfig " + path + ": is not a map");
    }
    return file;
  } catch (const YAML::Exception& e) {
    // The message of a YAML error names line, column and cause, and quotes nothing.
    return base::config_error(base::Code::kInvalidArgument, "kubeconfig " + path + ": " + e.what());
  }
}

base::Result<std::vector<File>> read_files(const KubeconfigOptions& options) {
  std::vector<File> files;
  if (!options.file.empty()) {
    TRY_ASSIGN(File file, parse(options.file));
    files.push_back(std::move(file));
    return files;
  }
  std::string list = options.env("KUBECONFIG").value_or("");
  if (list.empty()) list = options.env("HOME").value_or("") + "/.kube/config";
  for (const std::string_view path : base::split(list, ':')) {
    if (path.empty()) continue;
    auto file = parse(std::string(path));
    if (!file && file.error().code == base::Code::kNotFound) continue;
    if (!file) return file.error();
    files.push_back(std::move(*file));
  }
  if (files.empty()) {
    return base::config_error(base::Code::kNotFound, "kubeconfig " + list + ": no such file");
  }
  return files;
}

/// The first file that has the entry wins whole; entries are not merged field by field.
base::Result<Entry> find_entry(const std::vector<File>& files, const char* list, const char* field,
                               const std::string& name) {
  for (const File& file : files) {
    if (!file.root.IsMap() || !file.root[list] || !file.root[list].IsSequence()) continue;
    for (const auto& item : file.root[list]) {
      if (!item.IsMap() || !item["name"] || !item["name"].IsScalar()) continue;
      if (item["name"].Scalar() != name) continue;
      const std::string where = "kubeconfig " + file.path + ": " + list + "[" + name + "]";
      if (!item[field] || !item[field].IsMap()) {
        return base::config_error(base::Code::kInvalidArgument,
                                  where + "." + field + ": is missing or not a map");
      }
      return Entry{item[field], file.path, where + "." + field};
    }
  }
  return base::config_error(base::Code::kNotFound, "kubeconfig " + files.front().path + ": " +
                                                       list + " has no entry named " + name);
}

base::Status read_cluster(const Entry& entry, Config& config) {
  TRY_ASSIGN(config.server, entry.text("server"));
  while (!config.server.empty() && config.server.back() == '/') config.server.pop_back();
  if (config.server.empty()) return entry.error("server", "is missing");
  if (config.server.find("://") == std::string::npos) config.server = "https://" + config.server;
  if (config.server.rfind("https://", 0) != 0 && config.server.rfind("http://", 0) != 0) {
    return entry.error("server", "is neither http nor https");
  }
  TRY_ASSIGN(config.tls_server_name, entry.text("tls-server-name"));
  TRY_ASSIGN(config.insecure_skip_tls_verify, entry.flag("insecure-skip-tls-verify"));
  TRY_ASSIGN(config.proxy_url, entry.text("proxy-url"));
  TRY_ASSIGN(config.certificate_authority, entry.pem("certificate-authority"));
  if (config.insecure_skip_tls_verify && !config.certificate_authority.empty()) {
    return entry.error("insecure-skip-tls-verify", "must not be set together with a CA");
  }
  return {};
}

base::Result<ExecPlugin> read_exec(const Entry& exec) {
  ExecPlugin plugin;
  TRY_ASSIGN(plugin.command, exec.text("command"));
  if (plugin.command.empty()) return exec.error("command", "is missing");
  const bool relative = plugin.command.front() != '/';
  if (relative && plugin.command.find('/') != std::string::npos) {
    TRY_ASSIGN(plugin.command, exec.path("command"));
  }
  TRY_ASSIGN(plugin.args, exec.texts("args"));
  TRY_ASSIGN(plugin.api_version, exec.text("apiVersion"));
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return exec.error("apiVersion", "\"" + plugin.api_version + "\" is not supported",
                      base::Code::kUnsupported);
  }
  TRY_ASSIGN(plugin.install_hint, exec.text("installHint"));
  TRY_ASSIGN(plugin.provide_cluster_info, exec.flag("provideClusterInfo"));
  TRY_ASSIGN(const std::string interactive, exec.text("interactiveMode"));
  if (interactive == "Always") {
    return exec.error("interactiveMode", "Always needs a terminal", base::Code::kUnsupported);
  }
  if (!exec.has("env")) return plugin;
  if (!exec.node["env"].IsSequence()) return exec.error("env", "is not a list");
  for (const auto& item : exec.node["env"]) {
    const Entry variable{item, exec.file, exec.where + ".env[]"};
    TRY_ASSIGN(std::string name, variable.text("name"));
    TRY_ASSIGN(std::string value, variable.text("value"));
    if (name.empty()) return variable.error("name", "is missing");
    plugin.env.emplace_back(std::move(name), base::Secret(std::move(value)));
  }
  return plugin;
}

base::Result<Impersonation> read_impersonation(const Entry& entry) {
  Impersonation as;
  TRY_ASSIGN(as.user, entry.text("as"));
  TRY_ASSIGN(as.uid, entry.text("as-uid"));
  TRY_ASSIGN(as.groups, entry.texts("as-groups"));
  if (entry.has("as-user-extra")) {
    if (!entry.node["as-user-extra"].IsMap()) return entry.error("as-user-extra", "is not a map");
    const Entry extra{entry.node["as-user-extra"], entry.file, entry.where + ".as-user-extra"};
    for (const auto& item : extra.node) {
      const std::string key = item.first.Scalar();
      TRY_ASSIGN(as.extra[key], extra.texts(key.c_str()));
    }
  }
  const bool more = !as.uid.empty() || !as.groups.empty() || !as.extra.empty();
  if (as.user.empty() && more) return entry.error("as", "is needed by the other as- fields");
  return as;
}

base::Status read_user(const Entry& entry, Config& config) {
  TRY_ASSIGN(config.client_certificate, entry.pem("client-certificate"));
  TRY_ASSIGN(config.client_key, entry.pem("client-key"));
  if (config.client_certificate.empty() != config.client_key.empty()) {
    const bool no_key = config.client_key.empty();
    return entry.error(no_key ? "client-key" : "client-certificate", "is missing");
  }
  TRY_ASSIGN(std::string token, entry.text("token"));
  config.token = base::Secret(std::move(token));
  TRY_ASSIGN(config.token_file, entry.path("tokenFile"));
  TRY_ASSIGN(config.username, entry.text("username"));
  TRY_ASSIGN(std::string password, entry.text("password"));
  config.password = base::Secret(std::move(password));
  TRY_ASSIGN(config.impersonate, read_impersonation(entry));
  if (entry.has("auth-provider")) {
    return entry.error("auth-provider", "was removed from Kubernetes; use exec",
                       base::Code::kUnsupported);
  }
  if (!entry.has("exec")) return {};
  TRY_ASSIGN(config.exec, read_exec({entry.node["exec"], entry.file, entry.where + ".exec"}));
  return {};
}

base::Result<Config> resolve(const std::vector<File>& files, const KubeconfigOptions& options) {
  std::string context = options.context;
  for (const File& file : files) {
    if (!context.empty()) break;
    if (file.root.IsMap() && file.root["current-context"] &&
        file.root["current-context"].IsScalar()) {
      context = file.root["current-context"].Scalar();
    }
  }
  if (context.empty()) {
    return base::config_error(base::Code::kInvalidArgument,
                              "kubeconfig " + files.front().path + ": current-context: is not set");
  }
  TRY_ASSIGN(const Entry chosen, find_entry(files, "contexts", "context", context));
  TRY_ASSIGN(const std::string cluster, chosen.text("cluster"));
  TRY_ASSIGN(const std::string user, chosen.text("user"));
  TRY_ASSIGN(const std::string namespace_, chosen.text("namespace"));
  Config config;
  config.source = "context " + context + " of " + chosen.file;
  if (!namespace_.empty()) config.namespace_ = namespace_;
  TRY_ASSIGN(const Entry cluster_entry, find_entry(files, "clusters", "cluster", cluster));
  TRY(read_cluster(cluster_entry, config));
  if (user.empty()) return config;
  TRY_ASSIGN(const Entry user_entry, find_entry(files, "users", "user", user));
  TRY(read_user(user_entry, config));
  return config;
}

}  // namespace

base::Result<Config> load_kubeconfig(const KubeconfigOptions& options) {
  TRY_ASSIGN(const std::vector<File> files, read_files(options));
  try {
    return resolve(files, options);
  } catch (const YAML::Exception& e) {
    return base::config_error(base::Code::kInvalidArgument,
                              "kubeconfig " + files.front().path + ": " + e.what());
  }
}

}  // namespace tollgate::controller::kube::auth
