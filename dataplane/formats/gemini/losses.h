#pragma once

#include <bitset>
#include <string_view>

#include "dataplane/formats/chat/format.h"

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
  /// Values that switch something off (null, false) lose nothing.
  base::Status lose(const chat::Extra& extra);
  base::Status lose(const chat::Extras& extras);
  chat::Dropped take() { return std::move(dropped_); }

 private:
  const chat::Request& request_;
  chat::Dropped dropped_;
  std::bitset<catalog::kFeatureCount> seen_;
};

/// A request that this format cannot say: the sentence follows "invalid request body: ".
base::Error cannot_say(std::string_view where, std::string_view what);

}  // namespace tollgate::dataplane::formats::gemini
