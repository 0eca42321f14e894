#include "dataplane/formats/gemini/request_encode.h"

#include <algorithm>
#include <array>

#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using catalog::Feature;

/// Members of OpenAI's dialect that belong to Google's own features (its gateway extensions), and
/// are written elsewhere.
constexpr std::array<std::string_view, 6> kElsewhere{"safetySettings", "generationConfig",
                                                     "guided_choice",  "guided_regex",
                                                     "guided_json",    "web_search_options"};

base::Status lose_rest(Encoding& encoding) {
  const chat::Request& request = encoding.request;
  Losses& losses = encoding.losses;
  if (request.parallel_tool_calls == false) {
    TRY(losses.lose(Feature::kParallelToolCalls, "parallel_tool_calls"));
  }
  if (!request.sampling.logit_bias.empty()) TRY(losses.lose(Feature::kLogitBias, "logit_bias"));
  if (!request.verbosity.empty()) TRY(losses.lose(Feature::kVerbosity, "verbosity"));
  if (!request.user.empty()) TRY(losses.lose(Feature::kUser, "user"));
  if (!request.metadata.empty()) TRY(losses.lose(Feature::kMetadata, "metadata"));
  const std::string_view tier = request.service_tier;
  if (!tier.empty() && tier != "auto" && tier != "default" && tier != "standard_only") {
    TRY(losses.lose(Feature::kServiceTier, "service_tier"));
  }
  for (const chat::Extra& extra : request.extras) {
    const bool written =
        std::find(kElsewhere.begin(), kElsewhere.end(), extra.key) != kElsewhere.end();
    if (!written) TRY(losses.lose({extra}, {}));
  }
  return {};
}

void encode_own_members(Encoding& encoding) {
  const chat::Request& request = encoding.request;
  json::Writer& writer = encoding.writer;
  if (!request.metadata.empty()) writer.raw_member("labels", request.metadata);
  if (!request.service_tier.empty()) writer.member("serviceTier", request.service_tier);
  if (!request.model.empty()) {
    writer.member("model", encoding.target.model.empty() ? request.model : encoding.target.model);
  }
  write_extras(writer, request.extras, {}, {"generationConfig.", "toolConfig."});
}

}  // namespace

ModelTraits traits_of(std::string_view model) {
  constexpr std::string_view kName = "gemini";
  ModelTraits traits;
  const std::size_t at = model.find(kName);
  if (at == std::string_view::npos) return traits;
  const std::string_view rest = model.substr(at + kName.size());
  traits.flash = rest.find("flash") != std::string_view::npos;
  const std::size_t digit = rest.find_first_of("0123456789");
  if (digit != 1 || rest[0] != '-') {  // "gemini-flash-latest" and other names without a version
    traits.json_schema = rest.find("latest") != std::string_view::npos;
    return traits;
  }
  const std::string_view version = rest.substr(1);
  const bool long_major = version.size() > 1 && version[1] >= '0' && version[1] <= '9';
  traits.gemini3 = long_major || version[0] >= '3';
  traits.json_schema = traits.gemini3 || version.starts_with("2.5");
  return traits;
}

base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out) {
  const bool own = request.origin == catalog::Format::kGeminiGenerate;
  Encoding encoding{request, target,          traits_of(target.model),
                    own,     Losses(request), json::Writer(out)};
  json::Writer& writer = encoding.writer;
  writer.begin_object();
  TRY(encode_contents(encoding));
  TRY(encode_tools(encoding));
  TRY(encode_tool_config(encoding));
  TRY(encode_generation_config(encoding));
  TRY(encode_system(encoding));
  if (own) {
    encode_own_members(encoding);
  } else {
    if (const chat::Extra* settings = find_extra(request.extras, "safetySettings")) {
      writer.raw_member("safetySettings", settings->raw);
    }
    TRY(lose_rest(encoding));
  }
  writer.end_object();
  return encoding.losses.take();
}

}  // namespace tollgate::dataplane::formats::gemini
