#include "dataplane/mock/bedrock/api.h"

#include <zlib.h>

#include <array>

#include "dataplane/json/writer.h"

namespace tollgate::dataplane::mock::bedrock {

namespace {

constexpr std::size_t kPreludeBytes = 8;
constexpr std::size_t kCrcBytes = 4;
constexpr char kStringHeader = 7;
constexpr std::string_view kRequestId = "3f1c2a00-0000-4000-8000-000000000000";

constexpr std::array<std::pair<int, std::string_view>, 8> kTypes{{
    {403, "AccessDeniedException"},
    {404, "ResourceNotFoundException"},
    {408, "ModelTimeoutException"},
    {424, "ModelErrorException"},
    {429, "ThrottlingException"},
    {500, "InternalServerException"},
    {503, "ServiceUnavailableException"},
    {529, "ServiceUnavailableException"},
}};

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 255U));
  }
}

std::uint32_t crc(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string error_event() {
  return event_stream_message({{":exception-type", "throttlingException"},
                               {":content-type", "application/json"},
                               {":message-type", "exception"}},
                              R"({"message":"Too many tokens, please wait."})");
}

/// "/model/ID/invoke" with ID percent-decoded once; a ':' must come as %3A, which is what the SDKs
/// send and sign.
struct Operation {
  std::string model;
  std::string_view action;
};

bool parse_path(std::string_view path, Operation& operation) {
  constexpr std::string_view kRoot = "/model/";
  if (path.substr(0, kRoot.size()) != kRoot) return false;
  path.remove_prefix(kRoot.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  operation.action = path.substr(slash + 1);
  const std::string_view id = path.substr(0, slash);
  const auto model = unescape(id);
  if (id.find(':') != std::string_view::npos || !model) return false;
  operation.model = *model;
  return true;
}

struct Action {
  std::string_view name;
  Reply (*handler)(const Request& request);
  bool streamed;
};

constexpr std::array kActions{
    Action{"invoke", &invoke, false},
    Action{"invoke-with-response-stream", &invoke, true},
    Action{"converse", &converse, false},
    Action{"converse-stream", &converse, true},
    Action{"count-tokens", &count_tokens, false},
};

}  // namespace

const Shape kShape{&error, &error_event, &event_message, "application/vnd.amazon.eventstream",
                   "contentBlockDelta"};

std::string event_stream_message(const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view payload) {
  std::string encoded;
  for (const auto& [name, value] : headers) {
    encoded.push_back(static_cast<char>(name.size()));
    encoded += name;
    encoded.push_back(kStringHeader);
    encoded.push_back(static_cast<char>(value.size() >> 8U));
    encoded.push_back(static_cast<char>(value.size() & 255U));
    encoded += value;
  }
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(kPreludeBytes + 2 * kCrcBytes + encoded.size() +
                                             payload.size()));
  append_u32(out, static_cast<std::uint32_t>(encoded.size()));
  append_u32(out, crc(out));
  out += encoded;
  out += payload;
  append_u32(out, crc(out));
  return out;
}

std::string event_message(std::string_view type, std::string_view json) {
  return event_stream_message({{":event-type", std::string(type)},
                               {":content-type", "application/json"},
                               {":message-type", "event"}},
                              json);
}

Reply typed_error(int status, std::string_view type, std::string_view message) {
  std::string out;
  json::Writer(out).begin_object().member("message", message).end_object();
  return json_reply(
      status, std::move(out),
      {{"x-amzn-ErrorType", std::string(type)}, {"x-amzn-RequestId", std::string(kRequestId)}});
}

Reply error(int status, std::string_view message) {
  for (const auto& [number, type] : kTypes) {
    if (number == status) return typed_error(status, type, message);
  }
  return typed_error(status, status < 500 ? "ValidationException" : "InternalServerException",
                     message);
}

std::string describe(const Problem& problem) {
  const std::string path = problem.with_dots();
  switch (problem.kind) {
    case Problem::Kind::kMissing:
      return "1 validation error detected: Value at '" + path +
             "' failed to satisfy constraint: Member must not be null";
    case Problem::Kind::kUnknown:
      return "The request holds a member that does not exist: " + path;
    case Problem::Kind::kType:
      break;
  }
  return "1 validation error detected: Value at '" + path +
         "' failed to satisfy constraint: Member must be " + std::string(name_of(problem.expected));
}

Reply answer(const ModelHost& host, const Call& call) {
  const http::RequestHead& head = *call.head;
  Operation operation;
  const Action* action = nullptr;
  if (parse_path(head.path, operation) && head.method == "POST") {
    for (const Action& known : kActions) {
      if (known.name == operation.action) action = &known;
    }
  }
  if (action == nullptr) return typed_error(404, "UnknownOperationException", "Unknown operation.");
  // InvokeModel's bodies are bytes to the SDKs, which name no type or this one.
  const std::string_view type = head.fields.value_of("content-type");
  const bool untyped = action->handler == &invoke && head.framing == http::Framing::kLength &&
                       (type.empty() || type == "application/octet-stream");
  if (!untyped) {
    if (auto refused = check_framing(call, kShape)) return *refused;
  }
  if (!has_model(host, operation.model)) {
    return typed_error(400, "ValidationException", "The provided model identifier is invalid.");
  }
  json::Reader reader;
  const auto body = reader.open(call.body);
  if (!body || body->type() != json::Type::kObject) {
    return typed_error(400, "ValidationException",
                       "Malformed input request, please reformat your input and try again.");
  }
  return action->handler({call, *body, operation.model, action->streamed});
}

}  // namespace tollgate::dataplane::mock::bedrock
