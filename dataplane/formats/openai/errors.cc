#include "dataplane/formats/openai/errors.h"

#include <array>
#include <charconv>
#include <optional>

#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai {
namespace {

using chat::ChatError;
using chat::ErrorKind;

struct Word {
  std::string_view word;
  ErrorKind kind;
};

// What OpenAI and its followers write into `type` or `code`.
constexpr std::array kWords{
    Word{"insufficient_quota", ErrorKind::kQuota},
    Word{"billing_hard_limit_reached", ErrorKind::kQuota},
    Word{"rate_limit_exceeded", ErrorKind::kRateLimit},
    Word{"rate_limit_error", ErrorKind::kRateLimit},
    Word{"tokens", ErrorKind::kRateLimit},
    Word{"requests", ErrorKind::kRateLimit},
    Word{"invalid_api_key", ErrorKind::kAuthentication},
    Word{"authentication_error", ErrorKind::kAuthentication},
    Word{"permission_error", ErrorKind::kPermission},
    Word{"model_not_found", ErrorKind::kNotFound},
    Word{"not_found_error", ErrorKind::kNotFound},
    Word{"overloaded_error", ErrorKind::kOverloaded},
    Word{"engine_overloaded", ErrorKind::kOverloaded},
    Word{"timeout", ErrorKind::kTimeout},
    Word{"invalid_request_error", ErrorKind::kInvalidRequest},
    Word{"context_length_exceeded", ErrorKind::kInvalidRequest},
    Word{"invalid_prompt", ErrorKind::kInvalidRequest},
    Word{"BadRequestError", ErrorKind::kInvalidRequest},
    Word{"server_error", ErrorKind::kServer},
    Word{"internal_server_error", ErrorKind::kServer},
};

std::optional<ErrorKind> kind_of_word(std::string_view word) {
  for (const Word& row : kWords) {
    if (row.word == word) return row.kind;
  }
  return std::nullopt;
}

std::string cut(std::string_view text) {
  std::size_t end = std::min(text.size(), kMaxErrorTextBytes);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return std::string(text.substr(0, end));
}

/// A text, or the digits of a number.
std::string word_of(const json::Value& value) {
  if (const auto text = value.string()) return cut(*text);
  return value.type() == json::Type::kNumber ? std::string(value.raw().value_or("")) : "";
}

/// `{"detail": [{"loc", "msg"}]}`, as FastAPI says it: the first message.
std::string first_message(const json::Value& list) {
  auto elements = list.elements();
  if (!elements || !elements->next()) return {};
  for (const std::string_view name : {"msg", "message"}) {
    const auto message = elements->value().find(name);
    if (message && message->type() == json::Type::kString) return word_of(*message);
  }
  return {};
}

void take_members(const json::Value& object, ChatError& error, int depth) {
  auto members = object.members();
  if (!members) return;
  while (members->next()) {
    const std::string_view key = members->key();
    const json::Value& value = members->value();
    if (key == "message" || key == "msg" || key == "error_description") {
      if (error.message.empty()) error.message = word_of(value);
    } else if (key == "type" && error.type.empty()) {
      error.type = word_of(value);
    } else if (key == "code" && error.code.empty()) {
      error.code = word_of(value);
    } else if (key == "param") {
      error.param = word_of(value);
    } else if (key == "error" && depth < 3 && value.type() == json::Type::kObject) {
      error.type.clear();  // what encloses says only "error"
      take_members(value, error, depth + 1);
    } else if ((key == "detail" || key == "error" || key == "errors") && error.message.empty()) {
      error.message = value.type() == json::Type::kArray ? first_message(value) : word_of(value);
    }
  }
}

std::string title_of(std::string_view page) {
  const std::string lower = base::to_lower(page);
  std::size_t from = lower.find("<title");
  if (from == std::string::npos) return {};
  from = lower.find('>', from);
  if (from == std::string::npos) return {};
  const std::size_t to = lower.find("</title", from);
  if (to == std::string::npos) return {};
  return std::string(base::trim(page.substr(from + 1, to - from - 1)));
}

std::string message_of_text(std::string_view body, int status) {
  const std::string_view text = base::trim(body);
  if (text.empty()) {
    return "the provider answered " + std::to_string(status) + " without a body";
  }
  if (text.front() != '<') return cut(text);
  const std::string title = title_of(text.substr(0, std::min(text.size(), kMaxErrorTextBytes)));
  std::string message = "the provider answered " + std::to_string(status) + " with a page";
  if (!title.empty()) message += ": " + title;
  return message;
}

int status_in(const ChatError& error) {
  int code = 0;
  const char* const end = error.code.data() + error.code.size();
  const auto read = std::from_chars(error.code.data(), end, code);
  return read.ec == std::errc{} && read.ptr == end && code >= 400 && code <= 599 ? code : 0;
}

void append_error_object(std::string& out, const ChatError& error) {
  json::Writer w(out);
  w.begin_object();
  w.member("type", error.type.empty() ? error_type(catalog::Dialect::kOpenAi, error.status)
                                      : std::string_view(error.type));
  w.member("code", error.code.empty() ? std::to_string(error.status) : error.code);
  w.member("message", error.message);
  if (!error.param.empty()) w.member("param", error.param);
  w.end_object();
}

}  // namespace

ChatError error_inside(const json::Value& value) {
  ChatError error;
  if (value.type() == json::Type::kObject) {
    take_members(value, error, 0);
  } else {
    error.message = word_of(value);
  }
  if (error.type == "error") error.type.clear();  // the name of an event
  if (error.message.empty()) error.message = "the provider reported an error";
  const int status = status_in(error);
  const auto by_code = kind_of_word(error.code);
  const auto kind = by_code ? by_code : kind_of_word(error.type);
  error.kind = kind ? *kind : chat::kind_of(status == 0 ? 500 : status);
  error.status = status == 0 ? chat::status_of(error.kind) : status;
  return error;
}

ChatError decode_error(const chat::ProviderError& provider) {
  ChatError error;
  const json::PaddedText padded(provider.body);
  json::Reader reader;
  const auto value = reader.open(padded.view());
  if (value && value->type() == json::Type::kArray) {
    auto elements = value->elements();
    if (elements && elements->next()) take_members(elements->value(), error, 0);
  } else if (value) {
    take_members(*value, error, 0);
  }
  if (error.message.empty()) error.message = message_of_text(provider.body, provider.status);
  error.status = provider.status;
  error.request_id = provider.request_id;
  const auto by_code = kind_of_word(error.code);
  error.kind = by_code == ErrorKind::kQuota ? *by_code : chat::kind_of(provider.status);
  return error;
}

std::string encode_error(const ChatError& error) {
  std::string out = R"({"type":"error","error":)";
  append_error_object(out, error);
  out += '}';
  return out;
}

std::string error_event(const ChatError& error) {
  std::string out = R"(data: {"error":)";
  append_error_object(out, error);
  out += "}\n\n";
  return out;
}

}  // namespace tollgate::dataplane::formats::openai
