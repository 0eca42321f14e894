#include "controller/cli/options.h"

#include <gtest/gtest.h>

namespace tollgate::controller::cli {
namespace {

template <typename T>
T expect_command(const std::vector<std::string>& arguments) {
  const Parsed parsed = parse(arguments);
  if (const auto* failure = std::get_if<ParseFailure>(&parsed)) {
    ADD_FAILURE() << failure->text;
    return {};
  }
  return std::get<T>(std::get<Command>(parsed));
}

TEST(OptionsTest, RunTakesSeveralFilesAndOverrides) {
  const auto run =
      expect_command<RunOptions>({"run", "-f", "a.yaml", "-f", "dir", "--mock", "--resolve",
                                  "h:80=127.0.0.1:1", "--resolve", "i:80=127.0.0.1:2"});
  EXPECT_EQ(run.files, (std::vector<std::string>{"a.yaml", "dir"}));
  EXPECT_EQ(run.resolve.size(), 2U);
  EXPECT_TRUE(run.mock);
  EXPECT_FALSE(run.real_ports);
}

TEST(OptionsTest, LimitStoreIsTakenByRunAndController) {
  const auto run = expect_command<RunOptions>(
      {"run", "-f", "a.yaml", "--limit-store", "redis://h:1/2", "--limit-store-secret", "ns/s"});
  EXPECT_EQ(run.limit_store, "redis://h:1/2");
  EXPECT_EQ(run.limit_store_secret, "ns/s");
  const auto controller =
      expect_command<ControllerOptions>({"controller", "--limit-store=rediss://u@h"});
  EXPECT_EQ(controller.limit_store, "rediss://u@h");
}

TEST(OptionsTest, ControllerAdoptsSeveralNames) {
  const auto controller = expect_command<ControllerOptions>({"controller", "--watch-namespaces",
                                                             "a,b", "--adopt-controller-name",
                                                             "x/y", "--adopt-controller-name=z/w"});
  EXPECT_EQ(controller.watch_namespaces, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(controller.adopt_controller_names, (std::vector<std::string>{"x/y", "z/w"}));
}

TEST(OptionsTest, GetReadsFilesOrAsksTheReadApi) {
  EXPECT_EQ(expect_command<GetOptions>({"get", "--api", "localhost:1", "gateways"}).api,
            "localhost:1");
  EXPECT_EQ(expect_command<GetOptions>({"get", "-f", "a", "-f", "b"}).files.size(), 2U);
  for (const auto& arguments :
       {std::vector<std::string>{"get"}, {"get", "-f", "a", "--api", "localhost:1"}}) {
    const Parsed parsed = parse(arguments);
    ASSERT_TRUE(std::holds_alternative<ParseFailure>(parsed));
    EXPECT_EQ(std::get<ParseFailure>(parsed).exit_code, 2);
  }
  EXPECT_EQ(expect_command<RunOptions>({"run", "-f", "a", "--api", "127.0.0.1:1"}).api,
            "127.0.0.1:1");
  EXPECT_EQ(expect_command<ControllerOptions>({"controller", "--api", "[::1]:1"}).api, "[::1]:1");
}

TEST(OptionsTest, ExplainSplitsHeaders) {
  const auto explain = expect_command<ExplainOptions>({"explain", "-f", "a", "--gateway",
                                                       "default/gw", "--path", "/v1/models", "-H",
                                                       "x-user: u", "--body", "{}", "-o", "json"});
  ASSERT_EQ(explain.headers.size(), 1U);
  EXPECT_EQ(explain.headers[0], (std::pair<std::string, std::string>{"x-user", "u"}));
  EXPECT_EQ(explain.output, Output::kJson);
}

TEST(OptionsTest, MistakesExitWithTwoAndSayWhat) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {},
           {"nonsense"},
           {"run"},
           {"run", "-f", "a", "--nonsense"},
           {"check", "-f", "a", "-o", "xml"},
           {"explain", "-f", "a", "--gateway", "gw", "--path", "/"},
           {"explain", "-f", "a", "--gateway", "d/gw", "--path", "v1"},
           {"explain", "-f", "a", "--gateway", "d/gw", "--path", "/", "-H", "novalue"},
           {"explain", "-f", "a", "--gateway", "d/gw", "--path", "/", "--body", "@/no/file"}}) {
    const Parsed parsed = parse(arguments);
    const auto* failure = std::get_if<ParseFailure>(&parsed);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->exit_code, 2);
    EXPECT_FALSE(failure->text.empty());
  }
}

TEST(OptionsTest, HelpIsNoMistake) {
  const Parsed parsed = parse({"run", "--help"});
  const auto* failure = std::get_if<ParseFailure>(&parsed);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->exit_code, 0);
  EXPECT_NE(failure->text.find("--mock"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::controller::cli
