#include "dataplane/providers/same_dialect.h"

#include <algorithm>
#include <string>

#include "dataplane/catalog/hosts/host_row.h"
#include "dataplane/providers/passing_answer.h"
#include "dataplane/providers/request_parts.h"

namespace tollgate::dataplane::providers {
namespace {

/// Formats whose streams report usage only on request, in a chunk of its own.
bool usage_on_request(catalog::Format format) {
  return format == catalog::Format::kOpenAiChat || format == catalog::Format::kOpenAiCompletions;
}

/// Whether the host takes `stream_options`: some tell usage unasked, or never, and refuse it.
bool knows_stream_options(const PrepareContext& context) {
  return context.backend.host.empty() ||
         catalog::hosts::find_host(context.backend.host).stream_usage ==
             catalog::hosts::StreamUsage::kOnRequest;
}

const FormatPath* find_path(const ProviderSpec& provider, catalog::Format format) {
  const auto row = std::find_if(provider.paths.begin(), provider.paths.end(),
                                [format](const FormatPath& path) { return path.format == format; });
  return row == provider.paths.end() ? nullptr : &*row;
}

}  // namespace

base::Result<UpstreamRequest> prepare_same_dialect(const PrepareContext& context) {
  const ClientRequest& request = context.request;
  const FormatPath* path = find_path(context.provider, request.format);
  if (path == nullptr) {
    return base::config_error(base::Code::kUnsupported,
                              "schema " + std::string(catalog::to_string(context.backend.schema)) +
                                  " is not spoken to in " +
                                  std::string(catalog::to_string(request.format)));
  }
  const json::BodyScan& scan = *request.scan;
  UpstreamRequest out;
  out.model = request_model(context);
  out.streamed = request.streamed;

  json::Splice splice;
  if (path->model_in_body && !context.backend.model_override.empty() &&
      context.backend.model_override != scan.model) {
    json::set_model(scan, json_string(context.backend.model_override, context.arena), splice);
  }
  const bool ask_for_usage = out.streamed && request.want_usage && knows_stream_options(context) &&
                             usage_on_request(request.format) &&
                             !scan.include_usage.value_or(false);
  if (ask_for_usage) {
    json::force_include_usage(scan, splice);
  }
  set_json_body(context, splice, out);
  std::string_view target =
      out.streamed && !path->stream_path.empty() ? path->stream_path : path->path;
  if (request.as_array) target = target.substr(0, target.find('?'));  // the query asks for events
  TRY(set_target(context, target));
  const PassingAnswer::Streamed streamed = request.as_array ? PassingAnswer::Streamed::kArray
                                           : out.streamed   ? PassingAnswer::Streamed::kEvents
                                                            : PassingAnswer::Streamed::kNo;
  out.answer =
      std::make_unique<PassingAnswer>(request.dialect, request.format, ask_for_usage, streamed);
  return out;
}

}  // namespace tollgate::dataplane::providers
