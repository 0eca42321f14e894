#pragma once

#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::router {

/// The header that AI rules match a request's model by. It exists in the view of a request only.
inline constexpr std::string_view kModelHeader = "x-ai-eg-model";

/// What rules may look at. All views outlive the look-up.
struct RequestView {
  std::string_view host;  // lower case, without port
  std::string_view method;
  std::string_view path;  // normalised
  std::string_view query;
  const http::FieldList* fields = nullptr;
  /// The model that the body names. It stands in front of any header called kModelHeader: a client
  /// cannot choose a rule by one thing and send another.
  bool has_model = false;
  std::string_view model;
  /// The path is one of the AI endpoints; rules that route by model exist for these only.
  bool ai_endpoint = false;
  base::Arena* arena = nullptr;  // for decoded query values

  /// The first value of the header; `found` tells an empty one from none.
  [[nodiscard]] std::string_view header(std::string_view name, bool& found) const {
    if (has_model && name == kModelHeader) {
      found = true;
      return model;
    }
    const http::Field* field = fields == nullptr ? nullptr : fields->find(name);
    found = field != nullptr;
    return found ? field->value : std::string_view();
  }
};

}  // namespace tollgate::dataplane::router
