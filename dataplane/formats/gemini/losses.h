#pragma once

#include <string_view>

#include "dataplane/formats/chat/losses.h"

namespace tollgate::dataplane::formats::gemini {

/// What a request from another dialect loses on its way to Google, as this format's table of
/// features says.
class Losses {
 public:
  explicit Losses(const chat::Request& request) : request_(request) {}

  /// The feature cannot be said. Dropped, named in the answer, or refused: then an error whose
  /// sentence begins with `where`. A row that promises a mapping counts as a warning here.
  base::Status lose(catalog::Feature feature, std::string_view where);
  /// Members that the canonical form does not know: what they mean is in their dialect's table.
  base::Status lose(const chat::Extras& extras, std::string_view prefix);
  chat::Dropped take() { return losses_.take(); }

 private:
  const chat::Request& request_;
  chat::Losses losses_{catalog::Format::kGeminiGenerate};
};

/// A request that this format cannot say: the sentence follows "invalid request body: ".
base::Error cannot_say(std::string_view where, std::string_view what);

}  // namespace tollgate::dataplane::formats::gemini
