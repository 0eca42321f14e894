#include "dataplane/formats/gemini/request_decode.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

/// Two of these under their two spellings would have to be mixed; Google refuses them too.
constexpr std::array<std::string_view, 5> kOnce{"contents", "systemInstruction", "tools",
                                                "toolConfig", "generationConfig"};

base::Status decode_contents(Decoding& decoding, const json::Value& contents) {
  return for_each(contents, [&](const json::Value& content) {
    return decode_content(decoding, content, false);
  });
}

base::Status decode_member(Decoding& decoding, std::string_view name, const json::Value& value) {
  chat::Request& request = decoding.request;
  if (name == "contents") return decode_contents(decoding, value);
  if (name == "systemInstruction") return decode_content(decoding, value, true);
  if (name == "tools") {
    return for_each(value, [&](const json::Value& tool) { return decode_tool(decoding, tool); });
  }
  if (name == "toolConfig") return decode_tool_config(decoding, value);
  if (name == "generationConfig") return decode_generation_config(decoding, value);
  if (name == "labels") {
    if (value.type() != json::Type::kObject)
      return chat::bad_request("labels", "must be an object");
    request.metadata = chat::Keeper::raw(value);
    return {};
  }
  if (name == "model") {
    TRY_ASSIGN(request.model, decoding.keep.text(value, "model"));
    return {};
  }
  if (name == "serviceTier") {
    TRY_ASSIGN(request.service_tier, decoding.keep.text(value, "serviceTier"));
    return {};
  }
  request.extras.push_back(extra_below({}, name, value, decoding.arena));
  return {};
}

}  // namespace

base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena) {
  TRY_ASSIGN(const json::Value root, reader.open(body));
  chat::Request request;
  request.origin = catalog::Format::kGeminiGenerate;
  Decoding decoding{chat::Keeper(body, arena), arena, request};
  TRY_ASSIGN(Fields fields, Fields::of(root, "the request"));
  std::array<bool, kOnce.size()> seen{};
  while (fields.next()) {
    const auto* const once = std::find(kOnce.begin(), kOnce.end(), fields.name());
    if (once != kOnce.end() &&
        std::exchange(seen[static_cast<std::size_t>(once - kOnce.begin())], true)) {
      return chat::bad_request(*once, "must be there once");
    }
    TRY(decode_member(decoding, fields.name(), fields.value()));
  }
  link_calls(decoding);
  join_thoughts(decoding);
  return request;
}

}  // namespace tollgate::dataplane::formats::gemini
