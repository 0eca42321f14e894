#include <gtest/gtest.h>

#include "dataplane/catalog/endpoint.h"

namespace tollgate::dataplane::catalog {
namespace {

TEST(GeminiPaths, BothVersionsAreKnown) {
  for (const std::string_view path :
       {"/v1beta/models/gemini-3-pro:generateContent", "/v1/models/gemini-3-pro:generateContent"}) {
    const EndpointInfo* info = find_endpoint(path);
    ASSERT_NE(info, nullptr) << path;
    EXPECT_EQ(info->endpoint, Endpoint::kGenerateContent);
    EXPECT_EQ(model_in_path(*info, path), "gemini-3-pro");
  }
  const EndpointInfo* stream = find_endpoint("/v1/models/m:streamGenerateContent");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->endpoint, Endpoint::kStreamGenerateContent);
}

TEST(GeminiPaths, OthersAreNot) {
  for (const std::string_view path :
       {"/models/m:generateContent", "/v2/models/m:generateContent", "/v1/models/:generateContent",
        "/v1/models/a/b:generateContent", "/v1models/m:generateContent", "/v1beta", "/v1"}) {
    EXPECT_EQ(find_endpoint(path), nullptr) << path;
  }
  EXPECT_EQ(find_endpoint("/v1/models")->endpoint, Endpoint::kModels);
}

}  // namespace
}  // namespace tollgate::dataplane::catalog
