#include "dataplane/providers/same_dialect.h"

#include <string>

#include "dataplane/providers/passing_answer.h"
#include "dataplane/providers/request_parts.h"

namespace tollgate::dataplane::providers {
namespace {

/// Formats whose streams report usage only on request, in a chunk of its own.
bool usage_on_request(catalog::Format format) {
  return format == catalog::Format::kOpenAiChat || format == catalog::Format::kOpenAiCompletions;
}

}  // namespace

base::Result<UpstreamRequest> prepare_same_dialect(const PrepareContext& context) {
  std::string_view suffix;
  for (const FormatPath& row : context.provider.paths) {
    if (row.format == context.format) {
      suffix = row.path;
    }
  }
  if (suffix.empty()) {
    return base::internal_error("no path for " + std::string(catalog::to_string(context.format)));
  }
  const json::BodyScan& scan = *context.request.scan;
  UpstreamRequest out;
  out.model = request_model(context);
  out.format = context.format;
  out.streamed = wants_stream(context);

  json::Splice splice;
  if (!context.backend.model_override.empty() && context.backend.model_override != scan.model) {
    json::set_model(scan, json_string(context.backend.model_override, context.arena), splice);
  }
  const bool ask_for_usage = out.streamed && context.request.want_usage &&
                             usage_on_request(out.format) && !scan.include_usage.value_or(false);
  if (ask_for_usage) {
    json::force_include_usage(scan, splice);
  }
  set_json_body(context, splice, out);
  context.head.path = prefixed_path(context, suffix);
  out.answer = std::make_unique<PassingAnswer>(
      catalog::endpoint_info(context.request.endpoint).dialect, out.format, ask_for_usage);
  return out;
}

}  // namespace tollgate::dataplane::providers
