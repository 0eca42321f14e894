#include "dataplane/mock/openai/api.h"

#include <array>

#include "dataplane/base/arena.h"
#include "dataplane/base/hash.h"
#include "dataplane/http/query.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::mock::openai {

namespace {

struct Kind {
  int status;
  std::string_view type;
  std::string_view code;  // empty = null
};

constexpr std::array kKinds{
    Kind{401, "invalid_request_error", "invalid_api_key"},
    Kind{403, "invalid_request_error", "unsupported_country_region_territory"},
    Kind{404, "invalid_request_error", ""},
    Kind{429, "requests", "rate_limit_exceeded"},
    Kind{500, "server_error", ""},
    Kind{503, "server_error", ""},
    Kind{529, "server_error", "overloaded"},
};

std::string error_body(std::string_view type, std::string_view message, std::string_view code,
                       std::string_view param) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("error").begin_object().member("message", message);
  writer.member("type", type).key("param");
  param.empty() ? writer.null() : writer.value(param);
  writer.key("code");
  code.empty() ? writer.null() : writer.value(code);
  writer.end_object().end_object();
  return out;
}

Kind kind_of(int status) {
  for (const Kind& kind : kKinds) {
    if (kind.status == status) return kind;
  }
  return {status, status < 500 ? "invalid_request_error" : "server_error", ""};
}

std::string error_event() {
  return sse_event({}, error_body("server_error",
                                  "The server had an error while processing your request", {}, {}));
}

std::string frame(std::string_view, std::string_view json) {
  return sse_event({}, json);
}

using Handler = Reply (*)(const Request& request);

struct Route {
  std::string_view path;
  Handler handler;
};

constexpr std::array kRoutes{
    Route{"chat/completions", &chat},
    Route{"completions", &completions},
    Route{"embeddings", &embeddings},
    Route{"responses", &responses},
};

Reply not_found(const Call& call) {
  return error(404, "Invalid URL (" + std::string(call.head->method) + " " +
                        std::string(call.head->path) + ")");
}

Handler find_handler(std::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.path == path) return route.handler;
  }
  return nullptr;
}

Reply run(Handler handler, const ModelHost& host, const Call& call, std::string_view path_model) {
  if (auto refused = check_framing(call, kShape)) return *refused;
  json::Reader reader;
  const auto body = reader.open(call.body);
  if (!body || body->type() != json::Type::kObject) {
    return error(400, "We could not parse the JSON body of your request.");
  }
  return handler({host, call, *body, path_model});
}

}  // namespace

const Shape kShape{&error, &error_event, &frame, "text/event-stream; charset=utf-8"};

Reply error(int status, std::string_view message) {
  const Kind kind = kind_of(status);
  Reply reply = json_reply(status, error_body(kind.type, message, kind.code, {}));
  if (status == 429) {
    reply.headers.emplace_back("retry-after", "1");
    reply.headers.emplace_back("x-ratelimit-remaining-requests", "0");
  }
  reply.headers.emplace_back("x-request-id", "req_mock0000000000000000000000000001");
  return reply;
}

Reply coded_error(int status, std::string_view code, std::string_view message,
                  std::string_view param) {
  return json_reply(status, error_body(kind_of(status).type, message, code, param));
}

std::optional<Reply> refuse(const std::optional<Problem>& problem) {
  if (!problem) return std::nullopt;
  const std::string path = problem->with_brackets();
  switch (problem->kind) {
    case Problem::Kind::kMissing:
      return coded_error(400, "missing_required_parameter",
                         "Missing required parameter: '" + path + "'.", path);
    case Problem::Kind::kUnknown:
      return coded_error(400, "unknown_parameter", "Unknown parameter: '" + path + "'.", path);
    case Problem::Kind::kType:
      break;
  }
  return coded_error(400, "invalid_type",
                     "Invalid type for '" + path + "': expected " +
                         std::string(name_of(problem->expected)) + ", but got " +
                         std::string(name_of(problem->found)) + " instead.",
                     path);
}

std::optional<Reply> refuse_model(const ModelHost& host, std::string_view model) {
  if (has_model(host, model)) return std::nullopt;
  return coded_error(404, "model_not_found",
                     "The model `" + std::string(model) + "` does not exist.");
}

std::string read_media_url(std::string_view url, Part& part) {
  constexpr std::string_view kData = "data:";
  constexpr std::string_view kBase64 = ";base64,";
  if (url.substr(0, kData.size()) != kData) {
    if (url.substr(0, 7) != "http://" && url.substr(0, 8) != "https://") {
      return "Invalid image URL.";
    }
    part.url = url;
    return {};
  }
  url.remove_prefix(kData.size());
  const std::size_t comma = url.find(kBase64);
  const auto bytes = comma == std::string_view::npos
                         ? std::nullopt
                         : base::base64_decode(url.substr(comma + kBase64.size()));
  if (!bytes || bytes->empty()) return "The image data you provided is not valid base64.";
  part.media_type = url.substr(0, comma);
  part.bytes = bytes->size();
  return {};
}

Reply answer(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  const std::string root = host.prefix.empty() ? "/" : "/" + host.prefix + "/";
  if (head.method != "POST" || head.path.substr(0, root.size()) != root) return not_found(call);
  const Handler handler = find_handler(head.path.substr(root.size()));
  return handler == nullptr ? not_found(call) : run(handler, host, call, {});
}

Reply answer_azure(const ModelHost& host, const Call& call) {
  constexpr std::string_view kDeployments = "/openai/deployments/";
  const http::RequestHead& head = *call.head;
  base::Arena arena;
  const auto version = http::find_query_param(head.query, "api-version", arena);
  const auto missing = [] { return coded_error(404, "404", "Resource not found"); };
  if (!version || version->empty() || head.method != "POST") return missing();
  if (head.path == "/openai/responses") return run(&responses, host, call, {});
  if (head.path.substr(0, kDeployments.size()) != kDeployments) return missing();
  const std::string_view rest = head.path.substr(kDeployments.size());
  const std::size_t slash = rest.find('/');
  const auto deployment = unescape(rest.substr(0, slash));
  if (slash == std::string_view::npos || !deployment) return missing();
  const std::string_view operation = rest.substr(slash + 1);
  const Handler handler = operation == "responses" ? nullptr : find_handler(operation);
  if (handler == nullptr) return missing();
  if (!has_model(host, *deployment)) {
    return coded_error(404, "DeploymentNotFound",
                       "The API deployment for this resource does not exist.");
  }
  return run(handler, host, call, *deployment);
}

}  // namespace tollgate::dataplane::mock::openai
