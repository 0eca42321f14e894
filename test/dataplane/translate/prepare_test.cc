#include "dataplane/translate/translate.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/base/text.h"
#include "dataplane/catalog/support.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/providers/registry.h"
#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::translate {
namespace {

using nlohmann::json;

/// The request that goes upstream as text; an error as `error: ...`.
std::string run(const json& input) {
  base::Arena arena;
  const std::string text = input.at("body").get<std::string>();
  const json::value_t object = json::value_t::object;
  EXPECT_EQ(json::parse(text).type(), object);
  const dataplane::json::PaddedText padded(text);
  dataplane::json::Reader reader;
  auto scan = dataplane::json::scan_body(reader, padded.view(), arena);
  EXPECT_TRUE(scan) << (scan ? "" : scan.error().detail);

  http::RequestHead* head = http::new_request_head(arena);
  const std::string path = input.at("path").get<std::string>();
  const std::string query = input.value("query", "");
  head->method = "GET";
  head->path = path;
  head->query = query;
  head->has_query = !query.empty();
  head->framing = http::Framing::kChunked;
  std::vector<std::pair<std::string, std::string>> fields;
  for (const json& field : input.at("fields")) {
    fields.emplace_back(field[0].get<std::string>(), field[1].get<std::string>());
  }
  for (const auto& [name, value] : fields) {
    head->fields.add(name, value);
  }
  const std::string prefix = input.value("prefix", "");
  const std::string version = input.value("version", "");
  const std::string override_name = input.value("override", "");
  const std::string host = input.value("host", "");
  const auto schema = catalog::schema_from_name(input.at("schema").get<std::string>());
  const catalog::EndpointInfo* endpoint = catalog::find_endpoint(path);
  if (!schema || endpoint == nullptr || !scan) {
    return "bad case";
  }
  const providers::BackendSpec backend{*schema, prefix, version, override_name, host};
  Asked asked;
  asked.endpoint = endpoint;
  asked.body = padded.view();
  asked.scan = &*scan;
  asked.model = endpoint->model_in_path ? catalog::model_in_path(*endpoint, path) : scan->model;
  asked.streamed =
      endpoint->stream == catalog::Streaming::kAlways ||
      (endpoint->stream == catalog::Streaming::kMember && scan->stream.value_or(false));
  asked.want_usage = input.value("want_usage", true);
  asked.reader = &reader;
  asked.request_id = "test";
  Canonical canonical;
  auto made = prepare(backend, asked, canonical, *head, arena);
  if (!made) {
    return "error: " + base::describe(made.error()) + "\n";
  }
  const providers::UpstreamRequest* prepared = &made->upstream;
  std::string out = std::string(head->method) + " " + std::string(head->path);
  out += head->has_query ? "?" + std::string(head->query) + "\n" : "\n";
  for (const http::Field& field : head->fields) {
    out += std::string(field.name) + ": " + std::string(field.value) + "\n";
  }
  std::string body;
  for (const std::string_view slice : prepared->body) {
    body += slice;
  }
  EXPECT_EQ(head->framing, http::Framing::kLength);
  EXPECT_EQ(head->content_length, body.size());
  EXPECT_EQ(prepared->body_bytes, body.size());
  EXPECT_TRUE(json::accept(body)) << body;
  EXPECT_NE(prepared->answer, nullptr);
  out += "[model " + std::string(prepared->model) + ", " +
         std::string(
             catalog::to_string(catalog::supports(endpoint->endpoint, *schema).backend_format)) +
         (prepared->streamed ? ", stream]\n" : "]\n");
  return out + "\n" + body + "\n";
}

TEST(Prepare, GoldenRequests) {
  const auto files = test::testdata_files("requests", ".in.json");
  ASSERT_GE(files.size(), 15U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    const std::string actual = run(json::parse(test::read_file(file)));
    std::string out = file.string();
    out.replace(out.size() - std::string_view(".in.json").size(), std::string::npos, ".out");
    EXPECT_EQ(actual, test::golden(out, actual));
  }
}

/// A small request that is right in the endpoint's format.
std::string_view small_body(catalog::Format format) {
  switch (format) {
    case catalog::Format::kOpenAiCompletions:
      return R"({"model":"m","stream":true,"prompt":"hi"})";
    case catalog::Format::kOpenAiResponses:
      return R"({"model":"m","stream":true,"input":"hi"})";
    case catalog::Format::kOpenAiEmbeddings:
      return R"({"model":"m","input":"hi"})";
    case catalog::Format::kGeminiGenerate:
      return R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})";
    case catalog::Format::kBedrockConverse:
      return R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
    default:
      return R"({"model":"m","stream":true,"max_tokens":9,
                 "messages":[{"role":"user","content":"hi"}]})";
  }
}

TEST(Prepare, CatalogAndRegistryAgree) {
  for (const catalog::EndpointInfo& endpoint : catalog::all_endpoints()) {
    for (const catalog::SchemaInfo& schema : catalog::all_schemas()) {
      const auto support = catalog::supports(endpoint.endpoint, schema.schema);
      std::string path(endpoint.path);
      const std::size_t model = path.find("{model}");
      if (model != std::string::npos) path.replace(model, std::string_view("{model}").size(), "m");
      const std::string result = run({{"path", path},
                                      {"schema", schema.name},
                                      {"fields", json::array()},
                                      {"body", small_body(endpoint.format)}});
      EXPECT_EQ(result.starts_with("error: "), support.kind == catalog::SupportKind::kUnsupported)
          << endpoint.path << " " << schema.name << " " << result;
      EXPECT_EQ(support.reason.empty(), support.kind != catalog::SupportKind::kUnsupported);
    }
  }
  for (const providers::ProviderSpec* provider : providers::all_providers()) {
    EXPECT_TRUE(catalog::serves_anything(provider->schema));
    EXPECT_EQ(providers::find_provider(provider->schema), provider);
  }
}

TEST(Prepare, BedrockNeedsAModel) {
  const std::string result = run({{"path", "/anthropic/v1/messages"},
                                  {"schema", "AWSAnthropic"},
                                  {"fields", json::array()},
                                  {"body", R"({"max_tokens":1})"}});
  EXPECT_EQ(result, "error: invalid argument (client): the request names no model\n");
}

}  // namespace
}  // namespace tollgate::dataplane::translate
