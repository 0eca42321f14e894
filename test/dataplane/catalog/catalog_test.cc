#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/regex_check.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/catalog/support.h"

namespace tollgate::dataplane::catalog {
namespace {

TEST(Endpoints, PathsAreExact) {
  const EndpointInfo* chat = find_endpoint("/v1/chat/completions");
  ASSERT_NE(chat, nullptr);
  EXPECT_EQ(chat->endpoint, Endpoint::kChatCompletions);
  EXPECT_EQ(chat->operation, "chat");
  EXPECT_EQ(chat->dialect, Dialect::kOpenAi);
  ASSERT_NE(find_endpoint("/anthropic/v1/messages"), nullptr);
  EXPECT_EQ(find_endpoint("/anthropic/v1/messages")->dialect, Dialect::kAnthropic);
  for (const std::string_view path :
       {"", "/", "/v1/chat/completions/", "/v1/chat/completions?x", "/V1/chat/completions",
        "/v1/chat", "/v1/messages", "//v1/models"}) {
    EXPECT_EQ(find_endpoint(path), nullptr) << path;
  }
}

TEST(Endpoints, RowsAreConsistent) {
  std::set<std::string_view> paths;
  for (const EndpointInfo& info : all_endpoints()) {
    EXPECT_TRUE(paths.insert(info.path).second) << info.path;
    EXPECT_EQ(find_endpoint(info.path), &endpoint_info(info.endpoint));
    EXPECT_EQ(info.has_model, info.format != Format::kNone);
    EXPECT_EQ(info.operation.empty(), info.family == Family::kModels);
    EXPECT_TRUE(info.has_model || info.stream == Streaming::kNever);
  }
}

TEST(Schemas, NamesOfTheApi) {
  for (const std::string_view name : {"OpenAI", "Cohere", "AWSBedrock", "AzureOpenAI",
                                      "GCPVertexAI", "GCPAnthropic", "Anthropic", "AWSAnthropic"}) {
    const auto schema = schema_from_name(name);
    ASSERT_TRUE(schema) << name;
    EXPECT_EQ(to_string(*schema), name);
  }
  EXPECT_EQ(all_schemas().size(), 9U);
  EXPECT_FALSE(schema_from_name("openai"));
  EXPECT_EQ(schema_info(Schema::kAwsAnthropic).provider_label, "aws.anthropic");
}

TEST(CredentialTypes, NamesOfTheApi) {
  for (const std::string_view name : {"APIKey", "AnthropicAPIKey", "AzureAPIKey", "AWSCredentials",
                                      "AzureCredentials", "GCPCredentials"}) {
    const auto type = credential_type_from_name(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(to_string(*type), name);
  }
  EXPECT_FALSE(credential_type_from_name("None"));
}

TEST(Support, SaysWhatThisBuildCanDo) {
  EXPECT_EQ(supports(Endpoint::kChatCompletions, Schema::kOpenAi).kind, SupportKind::kPass);
  EXPECT_EQ(supports(Endpoint::kMessages, Schema::kAnthropic).kind, SupportKind::kPass);
  const Support invoke = supports(Endpoint::kMessages, Schema::kAwsAnthropic);
  EXPECT_EQ(invoke.kind, SupportKind::kTranslate);
  EXPECT_EQ(invoke.backend_format, Format::kBedrockInvokeMessages);
  EXPECT_EQ(invoke.losses.size(), 1U);
  const Support chat = supports(Endpoint::kChatCompletions, Schema::kAnthropic);
  EXPECT_EQ(chat.kind, SupportKind::kTranslate);
  EXPECT_EQ(chat.backend_format, Format::kAnthropicMessages);
  const Support rerank = supports(Endpoint::kChatCompletions, Schema::kCohere);
  EXPECT_EQ(rerank.kind, SupportKind::kUnsupported);
  EXPECT_NE(rerank.reason, supports(Endpoint::kEmbeddings, Schema::kAnthropic).reason);
  EXPECT_EQ(supports(Endpoint::kModels, Schema::kOpenAi).kind, SupportKind::kUnsupported);
  EXPECT_TRUE(serves_anything(Schema::kAwsAnthropic));
  EXPECT_FALSE(serves_anything(Schema::kCohere));
}

TEST(Regex, AcceptsRe2AndNamesTheFault) {
  EXPECT_TRUE(check_regex("^gpt-4(o|\\.1)?-.*$"));
  EXPECT_TRUE(check_regex(""));
  const auto bad = check_regex("a(b");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().origin, base::Origin::kConfig);
  EXPECT_NE(bad.error().detail.find("a(b"), std::string::npos) << bad.error().detail;
  EXPECT_FALSE(check_regex("(?=lookahead)"));
}

TEST(Regex, SizesAreLimited) {
  EXPECT_TRUE(check_regex(std::string(kMaxRegexBytes, 'a')));
  const auto longer = check_regex(std::string(kMaxRegexBytes + 1, 'a'));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, base::Code::kLimitExceeded);
  const auto large = check_regex("((a{100}){100}){100}");
  ASSERT_FALSE(large);
}

TEST(SupportTest, AbilitiesAreTheSchemasThatAreServed) {
  const std::vector<std::string> names = abilities();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const SchemaInfo& info : all_schemas()) {
    const std::string name = "schema/" + std::string(info.name);
    EXPECT_EQ(std::binary_search(names.begin(), names.end(), name), serves_anything(info.schema))
        << name;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::catalog
