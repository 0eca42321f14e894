#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/catalog/feature.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/chat/request.h"

namespace tollgate::dataplane::formats::chat {

/// What an encoder cannot say, treated as the target's table says.
class Losses {
 public:
  explicit Losses(catalog::Format target) : target_(target) {}

  /// The request asks for `feature`, which the encoder leaves out: nothing happens (kDrop), it is
  /// noted once (kWarn), or it is an error with the row's sentence (kRefuse). Rows that say kMap or
  /// kClamp count as kWarn here: the encoder found a case that it cannot map.
  base::Status lose(catalog::Feature feature);
  /// Members of a request of another origin that its decoder had no place for: what each means is
  /// in the origin's table. `prefix` is the path before them, with its dot: "tools[].".
  base::Status lose_extras(const Extras& extras, catalog::Format origin,
                           std::string_view prefix = {});
  /// What only few dialects can say of sampling: choices, seed, penalties, logit bias, logprobs.
  base::Status lose_sampling(const Request& request);
  [[nodiscard]] Dropped take() { return std::move(dropped_); }

 private:
  catalog::Format target_;
  Dropped dropped_;
};

/// kInvalidArgument (client) with a sentence for the 422.
base::Error cannot_say(std::string sentence);

/// A request whose messages say nothing that the target can write: providers refuse an empty list.
base::Error nothing_said(const Request& request);

}  // namespace tollgate::dataplane::formats::chat
