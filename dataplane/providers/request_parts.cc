#include "dataplane/providers/request_parts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/base/text.h"
#include "dataplane/catalog/hosts/host_row.h"
#include "dataplane/http/method.h"

namespace tollgate::dataplane::providers {
namespace {

std::string_view trim_slashes(std::string_view text) {
  while (text.starts_with('/')) {
    text.remove_prefix(1);
  }
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  return text;
}

/// The backend's prefix, else where its host is known to have the API, else the schema's.
std::string_view default_prefix(const PrepareContext& context) {
  if (!context.backend.prefix.empty()) return context.backend.prefix;
  const bool openai = context.backend.schema == catalog::Schema::kOpenAi;
  if (!openai || context.backend.host.empty()) return context.provider.default_prefix;
  const std::string_view known = catalog::hosts::find_host(context.backend.host).prefix;
  return known.find('{') == std::string_view::npos ? known : context.provider.default_prefix;
}

}  // namespace

base::Status set_target(const PrepareContext& context, std::string_view pattern) {
  const std::string_view prefix = trim_slashes(default_prefix(context));
  const std::string_view model = request_model(context);
  std::string text;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find('}', open);
    const std::string_view name = pattern.substr(open + 1, close - open - 1);
    pattern.remove_prefix(close + 1);
    if (name == "prefix") {
      if (!prefix.empty()) text += '/';
      text += prefix;
    } else if (name == "version") {
      base::append_percent_encoded(text, context.backend.version.empty()
                                             ? context.provider.default_version
                                             : context.backend.version);
    } else {
      if (model.empty()) {
        return base::client_error(base::Code::kInvalidArgument, "the request names no model");
      }
      base::append_percent_encoded(text, model);
    }
  }
  const std::string_view target = context.arena.copy(text);
  const std::size_t query = target.find('?');
  context.head.path = target.substr(0, query);
  context.head.has_query = query != std::string_view::npos;
  context.head.query = context.head.has_query ? target.substr(query + 1) : std::string_view{};
  return {};
}

std::string_view request_model(const PrepareContext& context) {
  return context.backend.model_override.empty() ? context.request.model
                                                : context.backend.model_override;
}

std::string_view json_string(std::string_view text, base::Arena& arena) {
  std::string quoted;
  base::append_json_string(quoted, text);
  return arena.copy(quoted);
}

void set_json_body(const PrepareContext& context, const json::Splice& splice,
                   UpstreamRequest& out) {
  http::RequestHead& head = context.head;
  if (splice.empty()) {
    auto* const whole = context.arena.allocate_array<std::string_view>(1);
    *whole = context.request.body;
    out.body = {whole, 1};
  } else {
    const std::vector<std::string_view> slices = splice.slices(context.request.body);
    auto* const copies = context.arena.allocate_array<std::string_view>(slices.size());
    std::copy(slices.begin(), slices.end(), copies);
    out.body = {copies, slices.size()};
  }
  out.body_bytes = 0;
  for (const std::string_view slice : out.body) {
    out.body_bytes += slice.size();
  }
  head.method = http::kPost;
  head.query = {};
  head.has_query = false;
  head.form = http::TargetForm::kOrigin;
  head.framing = http::Framing::kLength;
  head.content_length = out.body_bytes;
  head.expect_continue = false;
  head.upgrade = {};
  head.fields.remove("content-encoding");
  head.fields.remove("content-md5");
  head.fields.remove("content-digest");
  head.fields.remove("digest");
  if (!head.fields.contains("content-type")) {
    head.fields.set("content-type", "application/json");
  }
  head.fields.set("accept-encoding", "identity");
}

}  // namespace tollgate::dataplane::providers
