#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/formats/embeddings/format.h"
#include "dataplane/formats/embeddings/parts.h"
#include "nlohmann/json.hpp"
#include "test/dataplane/formats/golden.h"

namespace tollgate::dataplane::formats::embeddings {
namespace {

using nlohmann::json;

struct Decoded {
  explicit Decoded(std::string_view text)
      : body(text), request(kOpenAi.decode_request(reader, body.view(), arena)) {}
  dataplane::json::PaddedText body;
  dataplane::json::Reader reader;
  base::Arena arena;
  base::Result<Request> request;
};

base::Result<json> encode(const EmbeddingFormat& format, const Request& request,
                          std::string_view model, Dropped* dropped = nullptr) {
  std::string out;
  auto result = format.encode_request(request, model, out);
  if (!result) return result.error();
  if (dropped != nullptr) *dropped = *result;
  return json::parse(out);
}

const EmbeddingFormat* format_called(std::string_view name) {
  constexpr std::pair<std::string_view, const EmbeddingFormat*> kNames[] = {
      {"openai", &kOpenAi}, {"titan", &kTitan},   {"cohere", &kCohere},
      {"gemini", &kGemini}, {"vertex", &kVertex},
  };
  for (const auto& [known, format] : kNames) {
    if (known == name) return format;
  }
  return nullptr;
}

// testdata/NAME.FORMAT.request.json: what the client sends; .out: what the backend gets, or the
// sentence of the refusal.
TEST(Embeddings, RequestsOfTheGoldenFiles) {
  const auto paths = test::testdata_files("", ".request.json");
  ASSERT_FALSE(paths.empty());
  for (const auto& path : paths) {
    SCOPED_TRACE(path.filename().string());
    const std::string stem = path.stem().stem().string();
    const EmbeddingFormat* format = format_called(stem.substr(stem.rfind('.') + 1));
    ASSERT_NE(format, nullptr);
    const Decoded decoded(test::read_file(path));
    ASSERT_TRUE(decoded.request) << decoded.request.error().detail;
    std::string out;
    const auto result = format->encode_request(*decoded.request, decoded.request->model, out);
    std::string text = result ? out + "\n" : "refused: " + result.error().detail + "\n";
    if (result) {
      for (const std::string_view name : *result) text += "dropped: " + std::string(name) + "\n";
    }
    EXPECT_EQ(text, test::golden(path.string() + ".out", text));
    if (format == &kOpenAi) {
      EXPECT_EQ(json::parse(out), json::parse(test::read_file(path)));
    }
  }
}

// testdata/NAME.FORMAT.answer.json: what the provider answers; .out: what the client gets, with
// numbers and with base64.
TEST(Embeddings, AnswersOfTheGoldenFiles) {
  const auto paths = test::testdata_files("", ".answer.json");
  ASSERT_FALSE(paths.empty());
  for (const auto& path : paths) {
    SCOPED_TRACE(path.filename().string());
    const std::string stem = path.stem().stem().string();
    const EmbeddingFormat* format = format_called(stem.substr(stem.rfind('.') + 1));
    ASSERT_NE(format, nullptr);
    const dataplane::json::PaddedText body(test::read_file(path));
    dataplane::json::Reader reader;
    AnswerContext context;
    context.model = "the-model";
    context.input_tokens = 9;
    const auto answer = format->decode_answer(reader, body.view(), context);
    ASSERT_TRUE(answer) << answer.error().detail;
    std::string text;
    for (const std::string_view encoding : {"float", "base64"}) {
      Request request;
      request.encoding_format = encoding;
      context.request = &request;
      ASSERT_TRUE(kOpenAi.encode_answer(*answer, context, text));
      text += '\n';
    }
    EXPECT_EQ(text, test::golden(path.string() + ".out", text));
  }
}

TEST(Embeddings, FloatsAndBase64AreTheSameNumbers) {
  const auto text = to_base64("[1, -0.5,3.4028235e38, 0 ,1e-3]");
  ASSERT_TRUE(text);
  const auto numbers = to_numbers(*text);
  ASSERT_TRUE(numbers);
  const json back = json::parse(*numbers);
  EXPECT_EQ(back[0], 1.0);
  EXPECT_EQ(back[1], -0.5);
  EXPECT_FLOAT_EQ(back[4].get<float>(), 1e-3F);
  EXPECT_EQ(to_base64("[1]").value_or(""), "AACAPw==");
  EXPECT_FALSE(to_base64("[1,\"a\"]"));
  EXPECT_FALSE(to_base64("[null]"));
  EXPECT_FALSE(to_numbers("AAA="));
  EXPECT_FALSE(to_numbers("AACAfw=="));  // infinity
  EXPECT_FALSE(to_numbers("*"));
}

TEST(Embeddings, BrokenAnswersAreProtocolErrors) {
  Request request;
  request.inputs.resize(2);
  AnswerContext context;
  context.request = &request;
  for (const EmbeddingFormat* format : all()) {
    for (const std::string_view text :
         {"", "<html>", "{}", "[]", R"({"data":[]})", R"({"data":[{"embedding":1}]})",
          R"({"embedding":[1]})", R"({"embedding":{"values":[1]}})", R"({"embeddings":[1]})",
          R"({"embeddings":{"float":[[1]]}})", R"({"predictions":[1]})",
          R"({"predictions":[{"embeddings":{"values":[1]}}]})",
          R"({"data":[{"embedding":[1]}]})"}) {
      dataplane::json::Reader reader;
      const auto answer =
          format->decode_answer(reader, dataplane::json::PaddedText(text).view(), context);
      ASSERT_FALSE(answer) << text;
      EXPECT_EQ(answer.error().code, base::Code::kProtocol);
    }
  }
}

TEST(Embeddings, RequestsOfAnotherShapeNameTheMember) {
  for (const auto& [body, where] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "the request"},
           {R"({"model":"m"})", "input"},
           {R"({"input":[]})", "input"},
           {R"({"input":[[1,"a"]]})", "input"},
           {R"({"input":{"content":1}})", "input[].content"},
           {R"({"input":{"content":"a","title":"t"}})", "input[].title"},
           {R"({"input":"a","encoding_format":"hex"})", "encoding_format"},
           {R"({"input":"a","dimensions":"x"})", "dimensions"},
       }) {
    const Decoded decoded(body);
    ASSERT_FALSE(decoded.request) << body;
    EXPECT_TRUE(decoded.request.error().detail.starts_with(where))
        << decoded.request.error().detail;
  }
  std::string many = R"({"input":["a")";
  for (std::size_t i = 0; i < kMaxInputs; ++i) many += R"(,"a")";
  EXPECT_FALSE(Decoded(many + "]}").request);
}

TEST(Embeddings, LimitsOfModelsAreSaid) {
  std::string many = R"({"model":"cohere.embed-v4:0","input":["a")";
  for (int i = 0; i < 96; ++i) many += R"(,"a")";
  const Decoded decoded(many + "]}");
  ASSERT_TRUE(decoded.request);
  const auto cohere = encode(kCohere, *decoded.request, "cohere.embed-v4:0");
  ASSERT_FALSE(cohere);
  EXPECT_NE(cohere.error().detail.find("at most 96"), std::string::npos);
  EXPECT_EQ(cohere.error().origin, base::Origin::kClient);
}

TEST(Embeddings, EveryErrorHasAMessage) {
  for (const EmbeddingFormat* format : all()) {
    for (const std::string_view body : {"", "<html>", "{}", "[]", "null"}) {
      chat::ProviderError error;
      error.status = 500;
      error.body = body;
      const chat::ChatError found = format->decode_error(error);
      EXPECT_NE(found.message, "") << catalog::to_string(format->format) << body;
      EXPECT_EQ(found.message.find("<html>"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::formats::embeddings
