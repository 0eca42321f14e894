#pragma once

#include <string>
#include <utility>
#include <vector>

#include "test/dataplane/formats/dialect_harness.h"

namespace tollgate::test {

/// Canonical requests as the decoders of other dialects build them.
struct ForeignRequest {
  std::string name;
  chat::Request request;
  std::string_view model = "claude-opus-4-8";
};

inline chat::Block text_block(std::string_view text) {
  chat::Block block;
  block.text = text;
  return block;
}

inline chat::Message text_message(chat::Role role, std::string_view text) {
  chat::Message message;
  message.role = role;
  message.plain = true;
  message.blocks.push_back(text_block(text));
  return message;
}

inline chat::Block media_block(chat::BlockKind kind, chat::MediaSource source,
                               std::string_view type, std::string_view data) {
  chat::Block block;
  block.kind = kind;
  block.media.source = source;
  block.media.type = type;
  block.media.data = data;
  return block;
}

inline chat::Block call_block(std::string_view id, std::string_view name, std::string_view json) {
  chat::Block block;
  block.kind = chat::BlockKind::kToolCall;
  block.id = id;
  block.name = name;
  block.json = json;
  return block;
}

inline chat::Message tool_message(std::string_view id, std::string_view text) {
  chat::Message message;
  message.role = chat::Role::kTool;
  chat::Block& block = message.blocks.emplace_back();
  block.kind = chat::BlockKind::kToolResult;
  block.id = id;
  block.plain = true;
  block.content.push_back(text_block(text));
  return message;
}

inline chat::Tool function_tool(std::string_view name) {
  chat::Tool tool;
  tool.name = name;
  tool.description = "Does something";
  tool.schema = R"({"type":"object","properties":{"a":{"type":"integer"}}})";
  return tool;
}

inline chat::Request simple_request() {
  chat::Request request;
  request.messages.push_back(text_message(chat::Role::kUser, "Hi"));
  return request;
}

inline chat::Request everything() {
  chat::Request request;
  request.messages.push_back(text_message(chat::Role::kSystem, "Be kind."));
  request.messages.push_back(text_message(chat::Role::kDeveloper, "Be brief."));
  chat::Message& user = request.messages.emplace_back();
  user.name = "ann";
  user.blocks.push_back(text_block("Look"));
  user.blocks.back().cache = {true, "1h"};
  user.blocks.push_back(media_block(chat::BlockKind::kImage, chat::MediaSource::kBase64,
                                    "image/png", "iVBORw0KGgo="));
  user.blocks.back().media.detail = "high";
  chat::Message& assistant = request.messages.emplace_back();
  assistant.role = chat::Role::kAssistant;
  assistant.blocks.push_back(text_block(""));
  assistant.blocks.push_back(text_block("I look."));
  assistant.blocks.emplace_back().kind = chat::BlockKind::kRefusal;
  assistant.blocks.back().text = "Not that.";
  assistant.blocks.push_back(call_block("call_1", "weather", R"({"a":1})"));
  assistant.blocks.push_back(call_block("call_2", "now", "{}"));
  request.messages.push_back(tool_message("call_1", "18 degrees"));
  request.messages.push_back(tool_message("call_2", R"({"error":"no clock"})"));
  request.messages.push_back(text_message(chat::Role::kUser, "Go on."));
  request.tools.push_back(function_tool("weather"));
  request.tools.back().strict = true;
  request.tools.push_back(function_tool("now"));
  request.tools.back().schema = {};
  request.tools.back().cache.set = true;
  request.tool_choice = {chat::ToolChoiceKind::kNamed, "weather", {}, false};
  request.parallel_tool_calls = false;
  request.sampling.max_tokens = chat::Number{100, "100"};
  request.sampling.temperature = chat::Number{0.7, "0.7"};
  request.sampling.top_p = chat::Number{0.9, "0.9"};
  request.sampling.top_k = chat::Number{40, "40.0"};
  request.sampling.stop = {"END"};
  request.sampling.seed = chat::Number{7, "7"};
  request.sampling.presence_penalty = chat::Number{0, "0"};
  request.sampling.frequency_penalty = chat::Number{0.5, "0.5"};
  request.sampling.choices = chat::Number{1, "1"};
  request.user = "user-1";
  request.metadata = R"({"k":"v"})";
  request.service_tier = "default";
  request.reasoning.effort = "medium";
  request.verbosity = "low";
  request.extras = {{"x_unknown", "1"}, {"x_nothing", "null"}};
  return request;
}

inline chat::Request with_media(const chat::Block& block) {
  chat::Request request = simple_request();
  request.messages.front().blocks.push_back(block);
  return request;
}

inline std::vector<ForeignRequest> media_requests() {
  using chat::BlockKind;
  using chat::MediaSource;
  std::vector<ForeignRequest> out;
  const auto add = [&](std::string name, BlockKind kind, MediaSource source, std::string_view type,
                       std::string_view data) {
    out.push_back({std::move(name), with_media(media_block(kind, source, type, data))});
  };
  add("image_url", BlockKind::kImage, MediaSource::kUrl, {}, "https://example.com/a.png");
  add("image_s3", BlockKind::kImage, MediaSource::kUrl, "image/png", "s3://bucket/a.png");
  add("image_url_pdf", BlockKind::kImage, MediaSource::kUrl, {}, "https://example.com/a.PDF?x=1");
  add("image_is_pdf", BlockKind::kImage, MediaSource::kBase64, "application/pdf", "JVBERi0=");
  add("image_bmp", BlockKind::kImage, MediaSource::kBase64, "image/bmp", "Qk0=");
  add("document_pdf", BlockKind::kDocument, MediaSource::kBase64, "application/pdf", "JVBERi0=");
  out.back().request.messages.front().blocks.back().media.name = "a_b/c  (1).pdf";
  out.back().request.messages.front().blocks.back().media.cite = true;
  add("document_text", BlockKind::kDocument, MediaSource::kText, {}, "Plain words.");
  add("document_csv", BlockKind::kDocument, MediaSource::kBase64, "text/csv", "YSxi");
  add("document_zip", BlockKind::kDocument, MediaSource::kBase64, "application/zip", "UEs=");
  add("document_url", BlockKind::kDocument, MediaSource::kUrl, {}, "https://example.com/a.pdf");
  add("file", BlockKind::kDocument, MediaSource::kFile, {}, "file-1");
  add("audio", BlockKind::kAudio, MediaSource::kBase64, "audio/wav", "UklG");
  add("video", BlockKind::kVideo, MediaSource::kBase64, "video/mp4", "AAAA");
  return out;
}

inline std::vector<ForeignRequest> tool_requests() {
  std::vector<ForeignRequest> out;
  const auto add = [&](std::string name) -> chat::Request& {
    out.push_back({std::move(name), simple_request()});
    return out.back().request;
  };
  chat::Request& allowed = add("allowed_tools");
  allowed.tools = {function_tool("a"), function_tool("b")};
  allowed.tool_choice = {chat::ToolChoiceKind::kAllowed, {}, {"b"}, true};
  add("tool_choice_none").tools = {function_tool("a")};
  out.back().request.tool_choice.kind = chat::ToolChoiceKind::kNone;
  out.push_back({"tool_choice_none_with_calls", everything()});
  out.back().request.tool_choice = {chat::ToolChoiceKind::kNone, {}, {}, false};
  add("tool_choice_required").tools = {function_tool("a")};
  out.back().request.tool_choice.kind = chat::ToolChoiceKind::kRequired;
  add("serial_calls").tools = {function_tool("a")};
  out.back().request.parallel_tool_calls = false;
  chat::Tool& builtin = add("builtin_tool").tools.emplace_back();
  builtin.builtin = true;
  builtin.type = "web_search";
  chat::Message calls;
  calls.role = chat::Role::kAssistant;
  calls.blocks = {call_block("c", "a", "{\"x\":")};
  calls.blocks.back().json_broken = true;
  add("broken_arguments").messages.push_back(calls);
  calls.blocks = {call_block({}, "a", "{}")};
  add("call_without_id").messages.push_back(calls);
  return out;
}

inline std::vector<ForeignRequest> thinking_requests() {
  using chat::ThinkingKind;
  std::vector<ForeignRequest> out;
  const auto add = [&](std::string name, std::string_view model) -> chat::Request& {
    out.push_back({std::move(name), simple_request(), model});
    return out.back().request;
  };
  add("effort_none", "claude-opus-4-8").reasoning.effort = "none";
  add("effort_minimal", "claude-opus-4-8").reasoning.effort = "minimal";
  add("effort_strange", "claude-opus-4-8").reasoning.effort = "huge";
  add("effort_old_model", "anthropic.claude-3-5-sonnet-20241022-v2:0").reasoning.effort = "low";
  add("effort_gpt_oss", "openai.gpt-oss-120b-1:0").reasoning.effort = "low";
  add("effort_nova", "us.amazon.nova-2-lite-v1:0").reasoning.effort = "high";
  add("effort_deepseek", "deepseek.v3-v1:0").reasoning.effort = "high";
  chat::Reasoning& small = add("budget_small", "claude-sonnet-4-5").reasoning;
  small.thinking = ThinkingKind::kEnabled;
  small.budget_tokens = chat::Number{1, "1"};
  chat::Request& large = add("budget_large", "claude-sonnet-4-5");
  large.reasoning.thinking = ThinkingKind::kEnabled;
  large.reasoning.budget_tokens = chat::Number{9000, "9000"};
  large.sampling.max_tokens = chat::Number{4000, "4000"};
  chat::Reasoning& adaptive = add("adaptive", "claude-opus-5").reasoning;
  adaptive.thinking = ThinkingKind::kAdaptive;
  adaptive.summary = "auto";
  add("summary_only", "claude-opus-5").reasoning.summary = "auto";
  chat::Message thought;
  thought.role = chat::Role::kAssistant;
  thought.blocks.resize(3);
  thought.blocks[0].kind = thought.blocks[1].kind = chat::BlockKind::kThinking;
  thought.blocks[0].text = "With";
  thought.blocks[0].signature = "EqQB";
  thought.blocks[1].text = "Without";
  thought.blocks[2].kind = chat::BlockKind::kRedactedThinking;
  thought.blocks[2].data = "RW13Sw==";
  add("thinking_blocks", "claude-opus-5").messages.push_back(thought);
  return out;
}

inline std::vector<ForeignRequest> foreign_requests() {
  using chat::ResponseFormatKind;
  std::vector<ForeignRequest> out;
  out.push_back({"everything", everything()});
  out.push_back({"simple", simple_request()});
  const auto add = [&](std::string name,
                       std::string_view model = "claude-opus-4-8") -> chat::Request& {
    out.push_back({std::move(name), simple_request(), model});
    return out.back().request;
  };
  add("json_object").response_format.kind = ResponseFormatKind::kJsonObject;
  for (const auto& [name, model] :
       {std::pair{"json_schema", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
        {"json_schema_old", "claude-3-haiku-20240307"},
        {"json_schema_nova", "amazon.nova-pro-v1:0"}}) {
    chat::ResponseFormat& format = add(name, model).response_format;
    format.kind = ResponseFormatKind::kJsonSchema;
    format.name = "answer";
    format.schema = R"({"type":"object","properties":{"a":{"type":"string"}}})";
    format.strict = true;
  }
  add("two_choices").sampling.choices = chat::Number{2, "2"};
  add("temperature_high").sampling.temperature = chat::Number{1.5, "1.5"};
  add("top_k_nova", "amazon.nova-pro-v1:0").sampling.top_k = chat::Number{40, "40"};
  add("logprobs").sampling.logprobs = true;
  add("logit_bias").sampling.logit_bias = R"({"50256":-100})";
  add("tier_scale").service_tier = "scale";
  add("turns").messages.push_back(text_message(chat::Role::kUser, "Again"));
  for (auto group : {media_requests(), tool_requests(), thinking_requests()}) {
    for (auto& request : group) out.push_back(std::move(request));
  }
  return out;
}

/// Each becomes what testdata/foreign/NAME.json says: the body, what was left out, or the error.
inline void check_foreign_requests(const chat::ChatFormat& format) {
  for (const ForeignRequest& foreign : foreign_requests()) {
    SCOPED_TRACE(foreign.name);
    chat::Target target;
    target.model = foreign.model;
    const EncodedRequest encoded = encode(format, foreign.request, target);
    Json out = Json::object();
    if (!encoded.error.empty()) {
      out["error"] = encoded.error;
    } else {
      out["body"] = parse(encoded.body);
      EXPECT_FALSE(out["body"].is_discarded()) << encoded.body;
      if (!encoded.dropped.empty()) out["dropped"] = encoded.dropped;
    }
    const std::string text = out.dump(1) + "\n";
    const auto path =
        std::filesystem::path(TOLLGATE_TESTDATA) / "foreign" / (foreign.name + ".json");
    EXPECT_EQ(golden(path, text), text);
  }
}

}  // namespace tollgate::test
