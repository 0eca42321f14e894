#include "dataplane/mock/gemini/api.h"

#include <array>
#include <utility>

#include "dataplane/json/writer.h"

namespace tollgate::dataplane::mock::gemini {

namespace {

constexpr std::array<std::pair<int, std::string_view>, 9> kStatuses{{
    {400, "INVALID_ARGUMENT"},
    {401, "UNAUTHENTICATED"},
    {403, "PERMISSION_DENIED"},
    {404, "NOT_FOUND"},
    {429, "RESOURCE_EXHAUSTED"},
    {499, "CANCELLED"},
    {500, "INTERNAL"},
    {503, "UNAVAILABLE"},
    {504, "DEADLINE_EXCEEDED"},
}};

std::string error_body(int status, std::string_view message) {
  std::string_view name = status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  for (const auto& [number, known] : kStatuses) {
    if (number == status) name = known;
  }
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("error").begin_object().member("code", status);
  writer.member("message", message).member("status", name).end_object().end_object();
  return out;
}

std::string error_event() {
  return sse_event({}, error_body(503, "The model is overloaded. Please try again later."));
}

std::string frame(std::string_view, std::string_view json) {
  return sse_event({}, json);
}

using Handler = Reply (*)(const Request& request);
struct Method {
  std::string_view name;
  Handler handler;
};

constexpr std::array kGoogleAi{
    Method{"generateContent", &generate},
    Method{"streamGenerateContent", &stream_generate},
    Method{"countTokens", &count_tokens},
    Method{"embedContent", &embed_content},
    Method{"batchEmbedContents", &batch_embed_contents},
};
constexpr std::array kVertexGoogle{
    Method{"generateContent", &generate}, Method{"streamGenerateContent", &stream_generate},
    Method{"countTokens", &count_tokens}, Method{"embedContent", &embed_content},
    Method{"predict", &predict},
};
constexpr std::array kVertexAnthropic{
    Method{"rawPredict", &raw_predict},
    Method{"streamRawPredict", &stream_raw_predict},
};

Reply not_found(const Call& call) {
  return error(
      404, "The requested URL " + std::string(call.head->path) + " was not found on this server.");
}

/// `rest`: "MODEL:METHOD".
Reply run(const ModelHost& host, const Call& call, std::string_view rest,
          std::span<const Method> methods, bool vertex) {
  const std::size_t colon = rest.rfind(':');
  const auto model = unescape(rest.substr(0, colon));
  if (colon == std::string_view::npos || !model || model->empty() ||
      rest.find('/') != std::string_view::npos || call.head->method != "POST") {
    return not_found(call);
  }
  Handler handler = nullptr;
  for (const Method& method : methods) {
    if (method.name == rest.substr(colon + 1)) handler = method.handler;
  }
  if (handler == nullptr) return not_found(call);
  if (auto refused = check_framing(call, kShape)) return *refused;
  const bool counts = methods.data() == kVertexAnthropic.data() && *model == "count-tokens";
  if (!counts && !has_model(host, *model)) {
    return error(404, "models/" + *model +
                          " is not found for API version v1beta, or is not supported for " +
                          std::string(rest.substr(colon + 1)) + ".");
  }
  json::Reader reader;
  const auto body = reader.open(call.body);
  if (!body || body->type() != json::Type::kObject) {
    return error(400, "Invalid JSON payload received. Unexpected token.");
  }
  return handler({call, *body, *model, vertex});
}

/// The text up to the next '/', which is taken off too.
std::string_view next_segment(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return segment;
}

}  // namespace

const Shape kShape{&error, &error_event, &frame, "text/event-stream"};

Reply error(int status, std::string_view message) {
  Headers headers;
  if (status == 429) headers.emplace_back("retry-after", "1");
  return json_reply(status, error_body(status, message), std::move(headers));
}

std::optional<Reply> check_table(const json::Value& body, std::span<const Field> table) {
  const auto problem = check_fields(body, table, true);
  if (!problem) return std::nullopt;
  const std::string path = problem->with_brackets();
  const std::string& name = problem->path.back();
  switch (problem->kind) {
    case Problem::Kind::kMissing:
      return error(400, "* " + path + ": " + name + " is not specified\n");
    case Problem::Kind::kUnknown:
      return error(400, "Invalid JSON payload received. Unknown name \"" + name + "\" at '" + path +
                            "': Cannot find field.");
    case Problem::Kind::kType:
      break;
  }
  return error(400, "Invalid value at '" + path + "' (expected " +
                        std::string(name_of(problem->expected)) + ")");
}

Reply answer(const ModelHost& host, const Call& call) {
  std::string_view path = call.head->path;
  for (const std::string_view root :
       {std::string_view("/v1beta/models/"), std::string_view("/v1/models/")}) {
    if (path.substr(0, root.size()) != root) continue;
    path.remove_prefix(root.size());
    return run(host, call, path, kGoogleAi, false);
  }
  return not_found(call);
}

Reply answer_vertex(const ModelHost& host, const Call& call) {
  std::string_view path = call.head->path.substr(1);
  const std::string_view version = next_segment(path);
  const bool rooted = (version == "v1" || version == "v1beta1") &&
                      next_segment(path) == "projects" && !next_segment(path).empty() &&
                      next_segment(path) == "locations" && !next_segment(path).empty() &&
                      next_segment(path) == "publishers";
  if (!rooted) return not_found(call);
  const std::string_view publisher = next_segment(path);
  if (next_segment(path) != "models") return not_found(call);
  if (publisher == "google") return run(host, call, path, kVertexGoogle, true);
  if (publisher == "anthropic") return run(host, call, path, kVertexAnthropic, true);
  return not_found(call);
}

}  // namespace tollgate::dataplane::mock::gemini
