#pragma once

#include <bitset>

#include "dataplane/base/result.h"
#include "dataplane/catalog/feature.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/request.h"

namespace tollgate::dataplane::formats::chat {

using Features = std::bitset<catalog::kFeatureCount>;

/// What a request asks for, whatever its dialect; extras by the table of its origin.
Features features_of(const Request& request);

/// What a request asks for, met with the table of the format that it shall be written in.
class LossCheck {
 public:
  /// kInvalidArgument (client): something is refused. A request of the target's own dialect loses
  /// nothing.
  static base::Result<LossCheck> meet(const Request& request, catalog::Format target);

  /// The request comes from another dialect.
  [[nodiscard]] bool foreign() const { return foreign_; }
  /// The target says the feature (kMap, kClamp).
  [[nodiscard]] bool says(catalog::Feature feature) const;
  /// The target says the feature, but not this value.
  void warn(catalog::Feature feature);
  [[nodiscard]] Dropped take() { return std::move(dropped_); }

 private:
  catalog::Format target_ = catalog::Format::kNone;
  bool foreign_ = false;
  Dropped dropped_;
};

/// Logprobs are asked for: by a flag, or by a number of tokens, of which legacy completions take 0
/// for the chosen token alone.
bool asks_logprobs(const Request& request);

/// The error of a value that the target cannot say.
base::Error cannot_say(catalog::Feature feature, std::string_view why);

}  // namespace tollgate::dataplane::formats::chat
