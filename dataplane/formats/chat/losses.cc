#include "dataplane/formats/chat/losses.h"

#include <algorithm>
#include <array>

#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/chat/say.h"
#include "dataplane/formats/chat/survey.h"

namespace tollgate::dataplane::formats::chat {
namespace {

using catalog::Feature;
using catalog::Treatment;

/// Where messages and tools stand in each dialect.
constexpr std::array<std::string_view, 5> kMessagePlaces{"messages[]", "contents[]", "input[]",
                                                         "system", "systemInstruction"};
constexpr std::array<std::string_view, 2> kToolPlaces{"tools[]", "toolConfig"};

template <std::size_t N>
bool in_places(const std::array<std::string_view, N>& places, std::string_view path) {
  return std::any_of(places.begin(), places.end(),
                     [path](std::string_view place) { return path.starts_with(place); });
}

/// Both paths speak of messages, or both of tools, each in its dialect's words.
bool same_place(std::string_view prefix, std::string_view path) {
  return (in_places(kMessagePlaces, prefix) && in_places(kMessagePlaces, path)) ||
         (in_places(kToolPlaces, prefix) && in_places(kToolPlaces, path));
}

/// By the path; a key may be one itself, from the root. Deeper members, and those of dialects with
/// other paths than `prefix`, by a path of the same place that ends in the key.
Feature meaning_of(catalog::Format origin, std::string_view prefix, std::string_view key) {
  const auto fields = catalog::request_fields(origin);
  for (const catalog::RequestField& field : fields) {
    const bool here = field.path.size() == prefix.size() + key.size() &&
                      field.path.starts_with(prefix) && field.path.ends_with(key);
    if (here || field.path == key) return field.feature;
  }
  for (const catalog::RequestField& field : fields) {
    if (field.path.size() > key.size() && field.path.ends_with(key) &&
        field.path[field.path.size() - key.size() - 1] == '.' && same_place(prefix, field.path)) {
      return field.feature;
    }
  }
  return Feature::kUnknown;
}

}  // namespace

base::Error cannot_say(std::string sentence) {
  return base::client_error(base::Code::kInvalidArgument, std::move(sentence));
}

base::Error nothing_said(const Request& request) {
  if (request.is_completion) {
    return bad_request("prompt",
                       "must be one text that is not empty: the backend's API takes no lists of "
                       "texts and no tokens");
  }
  const bool responses = request.origin == catalog::Format::kOpenAiResponses;
  const bool gemini = request.origin == catalog::Format::kGeminiGenerate;
  return bad_request(responses ? "input"
                     : gemini  ? "contents"
                               : "messages",
                     "must hold a message of a user");
}

base::Status Losses::lose(Feature feature) {
  const catalog::FeatureRow& row = catalog::feature_row(target_, feature);
  switch (row.treatment) {
    case Treatment::kDrop:
      return {};
    case Treatment::kRefuse: {
      std::string sentence(catalog::to_string(feature));
      sentence += " is not supported by ";
      sentence += catalog::to_string(target_);
      if (!row.note.empty()) {
        sentence += ": ";
        sentence += row.note;
      }
      return cannot_say(std::move(sentence));
    }
    case Treatment::kMap:
    case Treatment::kClamp:
    case Treatment::kWarn:
      break;
  }
  if (std::find(dropped_.begin(), dropped_.end(), feature) == dropped_.end()) {
    dropped_.push_back(feature);
  }
  return {};
}

base::Status Losses::lose_extras(const Extras& extras, catalog::Format origin,
                                 std::string_view prefix) {
  for (const Extra& extra : extras) {
    if (asks_nothing(extra)) continue;
    const Feature feature = meaning_of(origin, prefix, extra.key);
    // The typed fields say what the canonical form knows; only what it does not know is lost here.
    if (catalog::feature_row(target_, feature).treatment == Treatment::kMap) continue;
    TRY(lose(feature));
  }
  return {};
}

base::Status Losses::lose_sampling(const Request& request) {
  const Sampling& sampling = request.sampling;
  const std::pair<bool, Feature> asked[] = {
      {sampling.choices && sampling.choices->value > 1, Feature::kChoices},
      {sampling.seed.has_value(), Feature::kSeed},
      {is_nonzero(sampling.presence_penalty), Feature::kPresencePenalty},
      {is_nonzero(sampling.frequency_penalty), Feature::kFrequencyPenalty},
      {!sampling.logit_bias.empty() && sampling.logit_bias != "{}" && sampling.logit_bias != "null",
       Feature::kLogitBias},
      {asks_logprobs(request), Feature::kLogprobs},
  };
  for (const auto& [is_asked, feature] : asked) {
    if (is_asked) TRY(lose(feature));
  }
  return {};
}

}  // namespace tollgate::dataplane::formats::chat
