#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/exchange/attempt/fault.h"
#include "dataplane/exchange/attempt/request.h"
#include "dataplane/exchange/attempt/services.h"
#include "dataplane/providers/answer.h"
#include "dataplane/snapshot/compiled.h"

namespace tollgate::dataplane::exchange::attempt {

/// Which backend of which rule an attempt is for.
struct Plan {
  const snapshot::RuleNode* rule = nullptr;
  const snapshot::BackendRef* ref = nullptr;
  std::shared_ptr<const snapshot::BackendNode> backend;
};

/// A request made for one backend, ready to be sent. Texts live in the exchange's arena.
struct Prepared {
  http::RequestHead* head = nullptr;
  /// The whole body, if the exchange holds it; else it streams.
  std::span<const std::string_view> body;
  std::string_view model;  // AI: what the backend is asked for
  bool streamed = false;
  std::unique_ptr<providers::Answer> answer;  // null: the answer passes as it is
};

/// Why a request cannot be made for this backend.
struct PrepareError {
  Fault fault = Fault::kInternal;
  std::string detail;
};

/// Somebody reads the tokens of this request: metrics and access log always do.
bool usage_needed(const snapshot::Rule& rule);

/// Makes the request: hop-by-hop fields go, forwarding fields come, the provider's translation, the
/// rule's and the backend's header edits, the Host, and last the credential, which a signature may
/// bind to everything before.
tl::expected<Prepared, PrepareError> prepare(const Plan& plan, const Request& request,
                                             Services& services, base::Arena& arena);

/// set, add, remove; the names of internal fields are not touched.
void apply_edit(const snapshot::HeaderEdit& edit, http::FieldList& fields);

/// Names that only the gateway may use.
bool is_internal_field(std::string_view name);

}  // namespace tollgate::dataplane::exchange::attempt
