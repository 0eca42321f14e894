#include "dataplane/catalog/hosts/host_row.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "dataplane/base/text.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::catalog::hosts {
namespace {

namespace fs = std::filesystem;

const fs::path kData = TOLLGATE_TESTDATA;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string describe(const HostRow& row) {
  std::ostringstream out;
  out << "host: " << row.host << "\nprefix: /" << row.prefix << "\nauth: " << row.auth_header
      << "\nlimit: " << (row.max_tokens_legacy ? "max_tokens" : "max_completion_tokens")
      << "\nstream usage: " << to_string(row.stream_usage) << "\nrefused: " << row.refused
      << "\nerror message: " << row.error_message << "\nthinking: " << row.thinking << "\n";
  return out.str();
}

std::map<std::string, std::vector<const HostRow*>> by_provider() {
  std::map<std::string, std::vector<const HostRow*>> map;
  for (const HostRow& row : all_hosts()) map[std::string(row.provider)].push_back(&row);
  return map;
}

/// The text at a path of names and indexes.
std::string text_at(const std::string& document, std::string_view path) {
  const json::PaddedText padded(document);
  json::Reader reader;
  auto value = reader.open(padded.view());
  if (!value) return {};
  json::Value at = *value;
  for (const std::string_view name : base::split(path, '.')) {
    const auto index = base::parse_u64(name);
    if (index && at.type() == json::Type::kArray) {
      auto elements = *at.elements();
      for (std::uint64_t i = 0; i <= *index; ++i) {
        if (!elements.next()) return {};
      }
      at = elements.value();
      continue;
    }
    const auto next = at.find(name);
    if (!next) return {};
    at = *next;
  }
  const auto text = at.string();
  return text ? std::string(*text) : std::string();
}

TEST(HostRowTest, EveryProviderHasItsFolderAndEveryFolderItsProvider) {
  std::set<std::string> folders;
  for (const auto& entry : fs::directory_iterator(kData)) folders.insert(entry.path().filename());
  std::set<std::string> providers;
  for (const auto& [name, rows] : by_provider()) providers.insert(name);
  EXPECT_EQ(folders, providers);
}

TEST(HostRowTest, RowsAreAsTheirGoldensSay) {
  for (const auto& [name, rows] : by_provider()) {
    std::string text;
    for (const HostRow* row : rows) text += (text.empty() ? "" : "\n") + describe(*row);
    const fs::path golden = kData / name / "row.txt";
    if (std::getenv("TOLLGATE_REWRITE_GOLDENS") != nullptr) std::ofstream(golden) << text;
    EXPECT_EQ(text, read(golden)) << name;
  }
}

TEST(HostRowTest, ErrorsHaveTheirMessageWhereTheRowSays) {
  for (const auto& [name, rows] : by_provider()) {
    for (const HostRow* row : rows) {
      EXPECT_EQ(text_at(read(kData / name / "error.json"), row->error_message),
                "The request was refused.")
          << name;
    }
  }
}

TEST(HostRowTest, ThinkingIsWhereTheRowSays) {
  for (const auto& [name, rows] : by_provider()) {
    const fs::path sample = kData / name / "thinking.json";
    for (const HostRow* row : rows) {
      EXPECT_EQ(row->thinking.empty(), !fs::exists(sample)) << name;
      if (row->thinking.empty()) continue;
      EXPECT_EQ(text_at(read(sample), "choices.0.delta." + std::string(row->thinking)), "The user")
          << name;
    }
  }
}

TEST(HostRowTest, RowsAreWellFormed) {
  std::set<std::string_view> hosts;
  for (const HostRow& row : all_hosts()) {
    EXPECT_TRUE(hosts.insert(row.host).second) << row.host;
    EXPECT_EQ(row.host, base::to_lower(row.host));
    EXPECT_NE(row.prefix.substr(0, 1), "/") << row.host;
    EXPECT_TRUE(row.prefix.empty() || row.prefix.back() != '/') << row.host;
    EXPECT_EQ(&find_host(row.host.front() == '.' ? "x" + std::string(row.host) : row.host), &row);
  }
}

TEST(HostRowTest, HostsAreFoundWhateverTheirCaseAndPort) {
  EXPECT_EQ(find_host("API.Groq.com:443").provider, "groq");
  EXPECT_EQ(find_host("me.openai.azure.com").auth_header, "api-key");
  EXPECT_EQ(&find_host(".openai.azure.com"), &default_row());
  EXPECT_EQ(&find_host("vllm.models.svc:8000"), &default_row());
  EXPECT_EQ(&find_host(""), &default_row());
  EXPECT_EQ(&find_host("evil-api.groq.com"), &default_row());
  EXPECT_FALSE(default_row().max_tokens_legacy);
}

TEST(HostRowTest, RefusedMembersAreWholeWords) {
  const HostRow& groq = find_host("api.groq.com");
  EXPECT_TRUE(refuses(groq, "logprobs"));
  EXPECT_FALSE(refuses(groq, "log"));
  EXPECT_FALSE(refuses(groq, ""));
  EXPECT_FALSE(refuses(default_row(), ""));
}

}  // namespace
}  // namespace tollgate::dataplane::catalog::hosts
