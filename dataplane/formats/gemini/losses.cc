#include "dataplane/formats/gemini/losses.h"

#include <string>

#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/keep.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

/// The feature that a member of the request's own dialect means: by its path, else by a path that
/// ends in its name.
catalog::Feature feature_of(catalog::Format origin, std::string_view key) {
  const std::span<const catalog::RequestField> fields = catalog::request_fields(origin);
  for (const catalog::RequestField& field : fields) {
    if (field.path == key) return field.feature;
  }
  for (const catalog::RequestField& field : fields) {
    if (field.path.ends_with(key) && field.path.size() > key.size() &&
        field.path[field.path.size() - key.size() - 1] == '.') {
      return field.feature;
    }
  }
  return catalog::Feature::kUnknown;
}

}  // namespace

base::Error cannot_say(std::string_view where, std::string_view what) {
  return chat::bad_request(where, what);
}

base::Status Losses::lose(catalog::Feature feature, std::string_view where) {
  const catalog::FeatureRow& row = catalog::feature_row(catalog::Format::kGeminiGenerate, feature);
  if (row.treatment == catalog::Treatment::kDrop) return {};
  if (row.treatment == catalog::Treatment::kRefuse) return cannot_say(where, row.note);
  const auto index = static_cast<std::size_t>(feature);
  if (!seen_[index]) dropped_.push_back(feature);
  seen_[index] = true;
  return {};
}

base::Status Losses::lose(const chat::Extra& extra) {
  if (chat::asks_nothing(extra)) return {};
  const catalog::Feature feature = feature_of(request_.origin, extra.key);
  // The typed fields say what the canonical form knows; only what it does not know is lost here.
  const auto& row = catalog::feature_row(catalog::Format::kGeminiGenerate, feature);
  if (row.treatment == catalog::Treatment::kMap) return {};
  return lose(feature, extra.key);
}

base::Status Losses::lose(const chat::Extras& extras) {
  for (const chat::Extra& extra : extras) TRY(lose(extra));
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
