#include <gtest/gtest.h>

#include <filesystem>

#include "test/dataplane/formats/gemini/support.h"

namespace tollgate::test {
namespace {

using nlohmann::json;

std::vector<std::filesystem::path> samples(std::string_view suffix) {
  auto found = testdata_files("", suffix);
  EXPECT_FALSE(found.empty()) << suffix;
  return found;
}

TEST(GeminiIdentity, RequestsDecodeAndEncodeToThemselves) {
  for (const auto& path : samples(".request.json")) {
    SCOPED_TRACE(path.filename().string());
    const std::string text = read_file(path);
    DecodedRequest decoded(text);
    ASSERT_TRUE(decoded.request) << decoded.request.error().detail;
    chat::Target target;
    target.model = decoded.request->model;
    std::string out;
    const auto dropped = gemini::kFormat.encode_request(*decoded.request, target, out);
    ASSERT_TRUE(dropped) << dropped.error().detail;
    EXPECT_TRUE(dropped->empty());
    std::string expected = path.string();
    expected.replace(expected.size() - 5, 5, ".out.json");
    const bool other = std::filesystem::exists(expected);
    EXPECT_EQ(json::parse(out), json::parse(other ? read_file(expected) : text));
  }
}

TEST(GeminiIdentity, AnswersDecodeAndEncodeToThemselves) {
  for (const auto& path : samples(".answer.json")) {
    const std::string text = read_file(path);
    for_every_split(text, [&](const std::vector<std::string_view>& pieces) {
      SCOPED_TRACE(path.filename().string());
      chat::Request request;
      const auto context = context_of(request);
      const auto decoder = gemini::kFormat.make_decoder(false, context);
      Log log;
      const auto status = decode(*decoder, pieces, log);
      ASSERT_TRUE(status) << status.error().detail;
      EXPECT_EQ(log.broken, "");
      ASSERT_TRUE(log.fold.complete());
      std::string out;
      ASSERT_TRUE(gemini::kFormat.encode_answer(log.fold.answer(), context, out));
      EXPECT_EQ(json::parse(out), json::parse(text));
    });
  }
}

/// Takes one part of a chunk into the parts that came before: texts of one kind grow.
void merge_part(json& parts, const json& part) {
  const bool text = part.contains("text");
  if (text && part["text"] == "" && part.size() == 1) return;
  if (!parts.empty() && text && parts.back().contains("text") &&
      parts.back().value("thought", false) == part.value("thought", false) &&
      !parts.back().contains("thoughtSignature") && !part.contains("thoughtSignature")) {
    parts.back()["text"] =
        parts.back()["text"].get<std::string>() + part["text"].get<std::string>();
    return;
  }
  parts.push_back(part);
}

/// What a client of Google's ends up with: parts in order, the last value of everything else.
json merged(const std::vector<json>& chunks) {
  json whole = json::object();
  for (const json& chunk : chunks) {
    for (const auto& [key, value] : chunk.items()) {
      if (key != "candidates") {
        whole[key] = value;
        continue;
      }
      for (const json& candidate : value) {
        json& of = whole["candidates"][candidate["index"].dump()];
        if (of.is_null()) of = {{"parts", json::array()}};
        for (const auto& [name, member] : candidate.items()) {
          if (name != "content") {
            of[name] = member;
            continue;
          }
          for (const json& part : member.value("parts", json::array()))
            merge_part(of["parts"], part);
        }
      }
    }
  }
  return whole;
}

std::vector<json> chunks_of(std::string_view text) {
  std::vector<json> chunks;
  if (text.front() == '[') return json::parse(text).get<std::vector<json>>();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("data: ")) chunks.push_back(json::parse(line.substr(6)));
  }
  return chunks;
}

TEST(GeminiIdentity, StreamsDecodeAndEncodeToTheSameAnswer) {
  auto paths = samples(".stream.sse");
  paths.push_back(std::filesystem::path(TOLLGATE_TESTDATA) / "array.stream.json");
  for (const auto& path : paths) {
    const std::string text = read_file(path);
    std::string first_log;
    for_every_split(text, [&](const std::vector<std::string_view>& pieces) {
      SCOPED_TRACE(path.filename().string());
      chat::Request request;
      const auto context = context_of(request);
      Log log;
      const auto decoder = gemini::kFormat.make_decoder(true, context);
      const auto status = decode(*decoder, pieces, log);
      ASSERT_TRUE(status) << status.error().detail;
      EXPECT_EQ(log.broken, "");
      if (!first_log.empty()) {
        EXPECT_EQ(log.text, first_log);
        return;
      }
      first_log = log.text;
      const auto again = gemini::kFormat.make_decoder(true, context);
      const auto encoder = gemini::kFormat.make_stream_encoder(context);
      EncodeSink sink(*encoder);
      ASSERT_TRUE(decode(*again, pieces, sink));
      EXPECT_EQ(merged(chunks_of(sink.out.text)), merged(chunks_of(text)));
    });
  }
}

}  // namespace
}  // namespace tollgate::test
