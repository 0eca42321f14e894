#include "controller/kube/watch_decoder.h"

#include <nlohmann/json.hpp>

#include "dataplane/base/text.h"

namespace tollgate::controller::kube {

namespace {

constexpr std::size_t kMaxMessageBytes = 1024;

ApiError protocol_error(std::string detail) {
  ApiError error;
  error.error =
      dataplane::base::backend_error(dataplane::base::Code::kProtocol, true, std::move(detail));
  return error;
}

std::string string_at(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

dataplane::base::Code code_for(int http_code) {
  using dataplane::base::Code;
  switch (http_code) {
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
    case 410:
      return Code::kConflict;
    case 429:
      return Code::kLimitExceeded;
    case 504:
      return Code::kTimeout;
    default:
      break;
  }
  if (http_code >= 500) return Code::kUnavailable;
  return http_code >= 400 ? Code::kInvalidArgument : Code::kProtocol;
}

}  // namespace

ApiError status_error(int http_code, const nlohmann::json* status, std::string_view context) {
  ApiError error;
  error.http_code = http_code;
  if (status != nullptr && status->is_object()) {
    error.reason = string_at(*status, "reason");
    error.message = string_at(*status, "message").substr(0, kMaxMessageBytes);
    const auto code = status->find("code");
    if (code != status->end() && code->is_number_integer()) error.http_code = code->get<int>();
    const auto details = status->find("details");
    if (details != status->end() && details->is_object()) {
      const auto seconds = details->find("retryAfterSeconds");
      if (seconds != details->end() && seconds->is_number_integer()) {
        error.retry_after = std::chrono::seconds(seconds->get<std::int64_t>());
      }
    }
  }
  const int code = error.http_code;
  std::string detail(context);
  detail += ": " + std::to_string(code);
  if (!error.reason.empty()) detail += " " + error.reason;
  if (!error.message.empty()) detail += ": " + error.message;
  const bool retryable = code == 401 || code == 409 || code == 410 || code == 429 || code >= 500;
  error.error = dataplane::base::backend_error(code_for(code), retryable, std::move(detail));
  return error;
}

tl::expected<void, ApiError> WatchDecoder::push(std::string_view bytes,
                                                std::vector<WatchEvent>& events) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > max_event_bytes_) {
      ApiError error = protocol_error("a watch event is longer than " +
                                      std::to_string(max_event_bytes_) + " bytes");
      error.error.code = dataplane::base::Code::kLimitExceeded;
      return tl::unexpected(std::move(error));
    }
    if (end == std::string_view::npos) {
      line_.append(part);
      return {};
    }
    tl::expected<void, ApiError> taken;
    if (line_.empty()) {
      taken = take_line(part, events);
    } else {
      line_.append(part);
      taken = take_line(line_, events);
      line_.clear();
    }
    if (!taken) return taken;
    bytes.remove_prefix(end + 1);
  }
  return {};
}

tl::expected<void, ApiError> WatchDecoder::take_line(std::string_view line,
                                                     std::vector<WatchEvent>& events) {
  if (dataplane::base::trim(line).empty()) return {};
  nlohmann::json event = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  if (!event.is_object() || !event.contains("object") || !event["object"].is_object()) {
    return tl::unexpected(protocol_error("a watch event is not a JSON object with an object"));
  }
  const std::string type = string_at(event, "type");
  if (type == "ERROR") {
    return tl::unexpected(status_error(0, &event["object"], "watch"));
  }
  WatchEvent decoded;
  if (type == "ADDED") {
    decoded.type = WatchEventType::kAdded;
  } else if (type == "MODIFIED") {
    decoded.type = WatchEventType::kModified;
  } else if (type == "DELETED") {
    decoded.type = WatchEventType::kDeleted;
  } else if (type == "BOOKMARK") {
    decoded.type = WatchEventType::kBookmark;
  } else {
    ++ignored_;
    return {};
  }
  decoded.object = std::make_shared<nlohmann::json>(std::move(event["object"]));
  events.push_back(std::move(decoded));
  return {};
}

}  // namespace tollgate::controller::kube
