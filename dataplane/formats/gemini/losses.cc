#include "dataplane/formats/gemini/losses.h"

#include <string>

#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/keep.h"

namespace tollgate::dataplane::formats::gemini {
base::Error cannot_say(std::string_view where, std::string_view what) {
  return chat::bad_request(where, what);
}

base::Status Losses::lose(catalog::Feature feature, std::string_view where) {
  const catalog::FeatureRow& row = catalog::feature_row(catalog::Format::kGeminiGenerate, feature);
  if (row.treatment == catalog::Treatment::kRefuse) return cannot_say(where, row.note);
  return losses_.lose(feature);
}

base::Status Losses::lose(const chat::Extras& extras, std::string_view prefix) {
  return losses_.lose_extras(extras, request_.origin, prefix);
}

}  // namespace tollgate::dataplane::formats::gemini
