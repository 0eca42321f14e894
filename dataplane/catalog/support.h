#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/schema.h"

namespace tollgate::dataplane::catalog {

enum class SupportKind : std::uint8_t {
  kPass,         // same dialect: the body's bytes go through, named members are edited in place
  kTranslate,    // the backend speaks another format or envelope; the answer is rewritten
  kUnsupported,  // requests that land on such a backend are answered with an error
};

/// What this build does with requests of one endpoint on a backend of one schema.
struct Support {
  SupportKind kind = SupportKind::kUnsupported;
  /// The format that the backend is spoken to in; kNone if unsupported.
  Format backend_format = Format::kNone;
  /// One sentence for a status condition; empty unless unsupported.
  std::string_view reason;
  /// One sentence per thing that a request or answer always loses on this pair.
  std::span<const std::string_view> losses;
};

Support supports(Endpoint endpoint, Schema schema);

/// Whether any endpoint that names a model works on this schema, for status of a backend alone.
bool serves_anything(Schema schema);

/// What this build's proxies can do, as they say it in their hello: "schema/OpenAI" for every
/// schema that is served, sorted.
std::vector<std::string> abilities();

std::string_view to_string(SupportKind kind);

}  // namespace tollgate::dataplane::catalog
