#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "controller/kube/auth/config.h"
#include "controller/kube/auth/credentials.h"
#include "controller/kube/auth/exec_plugin.h"
#include "dataplane/base/hash.h"

namespace tollgate::controller::kube::auth {
namespace {

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = testing::TempDir() + "kubeXXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& content) {
    const std::string path = directory_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
    return path;
  }

  GetEnv env() {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto found = variables_.find(std::string(name));
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
  }

  dataplane::base::Result<Config> load(const std::string& file = {}) {
    KubeconfigOptions options;
    options.file = file;
    options.env = env();
    return load_kubeconfig(options);
  }

  std::string directory_;
  std::map<std::string, std::string> variables_;
};

std::string kubeconfig(const std::string& user, const std::string& cluster = "") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
         "contexts:\n- name: main\n  context: {cluster: c, user: u, namespace: team}\n"
         "clusters:\n- name: c\n  cluster:\n    server: https://api.example:6443/prefix/\n" +
         cluster + "users:\n- name: u\n  user:\n" + user;
}

TEST_F(ConfigTest, ReadsClusterUserAndNamespaceOfTheCurrentContext) {
  const auto config = load(write("config", kubeconfig("    token: secret-token\n")));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->server, "https://api.example:6443/prefix");
  EXPECT_EQ(config->namespace_, "team");
  EXPECT_EQ(config->token.reveal(), "secret-token");
}

TEST_F(ConfigTest, ReadsJson) {
  const auto config = load(write("config", R"({"current-context":"x",
    "contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],
    "clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:1"}}],
    "users":[{"name":"u","user":{}}]})"));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->server, "http://127.0.0.1:1");
  EXPECT_EQ(config->namespace_, "default");
}

TEST_F(ConfigTest, FirstFileOfTheListWinsWholeEntries) {
  const std::string first = write("a", "current-context: main\nusers:\n- name: u\n  user: {}\n");
  const std::string second = write("b", kubeconfig("    token: other\n"));
  variables_["KUBECONFIG"] = first + ":" + directory_ + "/missing:" + second;
  const auto config = load();
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->server, "https://api.example:6443/prefix");
  EXPECT_TRUE(config->token.empty());
}

TEST_F(ConfigTest, RelativePathsAreRelativeToTheirFile) {
  const std::string path = write("deep/config", kubeconfig("    tokenFile: tok\n"));
  const auto config = load(path);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->token_file, directory_ + "/deep/tok");
}

TEST_F(ConfigTest, InlineDataBeatsFiles) {
  const std::string pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
  const auto config = load(write(
      "config", kubeconfig("    {}\n",
                           "    certificate-authority: /nowhere\n    certificate-authority-data: " +
                               dataplane::base::base64_encode(pem) + "\n")));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->certificate_authority.inline_pem.reveal(), pem);
}

TEST_F(ConfigTest, ErrorsNameFileAndFieldAndNoSecret) {
  const std::string path = write("config", kubeconfig("    client-certificate: /c\n"
                                                      "    client-key-data: '*s3cret*'\n"));
  const auto config = load(path);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().detail.find(path), std::string::npos);
  EXPECT_NE(config.error().detail.find("users[u].user.client-key-data"), std::string::npos);
  EXPECT_EQ(config.error().detail.find("s3cret"), std::string::npos);
}

TEST_F(ConfigTest, RefusesInsecureTogetherWithCa) {
  const auto config = load(write("config", kubeconfig("    {}\n",
                                                      "    insecure-skip-tls-verify: true\n"
                                                      "    certificate-authority: /ca\n")));
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().detail.find("insecure-skip-tls-verify"), std::string::npos);
}

TEST_F(ConfigTest, MissingEntriesAndBrokenFilesAreErrors) {
  EXPECT_FALSE(load(write("a", "current-context: none\n")));
  EXPECT_FALSE(load(write("b", "users: [\n")));
  EXPECT_FALSE(load(write("c", "")));
  EXPECT_FALSE(load(directory_ + "/missing"));
  EXPECT_EQ(load(directory_ + "/missing").error().code, dataplane::base::Code::kNotFound);
}

TEST_F(ConfigTest, ReadsExecAndImpersonation) {
  const auto config = load(write("config", kubeconfig("    as: root\n    as-groups: [a, b]\n"
                                                      "    as-user-extra: {scopes: [view]}\n"
                                                      "    exec:\n      command: ./login\n"
                                                      "      apiVersion: "
                                                      "client.authentication.k8s.io/v1\n"
                                                      "      args: [one]\n"
                                                      "      env: [{name: K, value: v}]\n")));
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_TRUE(config->exec);
  EXPECT_EQ(config->exec->command, directory_ + "/./login");
  EXPECT_EQ(config->exec->args, std::vector<std::string>{"one"});
  EXPECT_EQ(config->exec->env.front().second.reveal(), "v");
  EXPECT_EQ(config->impersonate.groups, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->impersonate.extra.at("scopes"), std::vector<std::string>{"view"});
}

TEST_F(ConfigTest, InClusterTakesAddressFromTheEnvironment) {
  write("token", "t1\n");
  write("ca.crt", "-----BEGIN CERTIFICATE-----\n");
  write("namespace", "system\n");
  InClusterOptions options;
  options.directory = directory_;
  options.env = env();
  EXPECT_EQ(load_in_cluster(options).error().code, dataplane::base::Code::kNotFound);
  variables_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  variables_["KUBERNETES_SERVICE_PORT"] = "443";
  const auto config = load_in_cluster(options);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->namespace_, "system");
  EXPECT_EQ(config->token_file, directory_ + "/token");
}

IdentityPtr identity_of(Credentials& credentials) {
  IdentityPtr out;
  credentials.get([&](const dataplane::base::Result<IdentityPtr>& result) { out = *result; });
  return out;
}

TEST_F(ConfigTest, RefreshReadsARotatedTokenOnce) {
  Config config;
  config.token_file = write("token", "first\n");
  auto credentials = Credentials::create(config);
  ASSERT_TRUE(credentials) << credentials.error().detail;
  const IdentityPtr before = identity_of(**credentials);
  EXPECT_EQ(before->authorization.reveal(), "Bearer first");
  write("token", "second\n");
  EXPECT_EQ(identity_of(**credentials), before);  // not looked at again within a minute
  IdentityPtr after;
  (*credentials)->refresh(before, [&](const auto& result) { after = *result; });
  EXPECT_EQ(after->authorization.reveal(), "Bearer second");
  IdentityPtr same;
  (*credentials)->refresh(after, [&](const auto& result) { same = *result; });
  EXPECT_EQ(same, after);
}

TEST_F(ConfigTest, ATokenFileThatVanishesLeavesTheOldToken) {
  Config config;
  config.token_file = write("token", "first\n");
  auto credentials = Credentials::create(config);
  ASSERT_TRUE(credentials);
  const IdentityPtr before = identity_of(**credentials);
  std::filesystem::remove(config.token_file);
  IdentityPtr after;
  (*credentials)->refresh(before, [&](const auto& result) { after = *result; });
  EXPECT_EQ(after, before);
}

TEST_F(ConfigTest, TokensWithControlCharactersAreRefused) {
  Config config;
  config.token = dataplane::base::Secret("a\r\nX-Evil: 1");
  EXPECT_FALSE(Credentials::create(config));
}

TEST_F(ConfigTest, RunsThePluginAndPassesItsEnvironment) {
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  plugin.command = write("plugin",
                         "#!/bin/sh\n"
                         "case \"$KUBERNETES_EXEC_INFO\" in *'\"kind\":\"ExecCredential\"'*) ;;\n"
                         "*) exit 3;; esac\n"
                         "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"'client."
                         "authentication.k8s.io/v1'\",\"status\":{\"token\":\"'$WORD-$1'\","
                         "\"expirationTimestamp\":\"2031-01-02T03:04:05Z\"}}'\n");
  std::filesystem::permissions(plugin.command, std::filesystem::perms::owner_all);
  plugin.args = {"arg"};
  plugin.env.emplace_back("WORD", dataplane::base::Secret("hello"));
  const auto credential = run_exec_plugin(plugin, Config{});
  ASSERT_TRUE(credential) << credential.error().detail;
  EXPECT_EQ(credential->token.reveal(), "hello-arg");
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*credential->expires), 1925089445);
}

TEST_F(ConfigTest, APluginThatHangsIsKilled) {
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  plugin.command = "/bin/sh";
  plugin.args = {"-c", "exec cat /dev/zero"};  // prints for ever
  const auto credential = run_exec_plugin(plugin, Config{});
  ASSERT_FALSE(credential);
  plugin.args = {"-c", "echo top-secret; exit 1"};
  const auto failed = run_exec_plugin(plugin, Config{});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().detail.find("top-secret"), std::string::npos);
}

TEST(ExecCredential, ChecksVersionAndContent) {
  const std::string v1 = "client.authentication.k8s.io/v1";
  EXPECT_FALSE(parse_exec_credential("", v1));
  EXPECT_FALSE(parse_exec_credential(R"({"kind":"ExecCredential","apiVersion":"other/v1",
    "status":{"token":"t"}})",
                                     v1));
  EXPECT_FALSE(parse_exec_credential(
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}})",
      v1));
  EXPECT_TRUE(parse_exec_credential(
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
         "status":{"token":"t","expirationTimestamp":"2031-01-02T03:04:05.5+02:00"}})",
      v1));
}

}  // namespace
}  // namespace tollgate::controller::kube::auth
