#include <array>

#include "dataplane/formats/chat/error_body.h"
#include "dataplane/formats/errors.h"
#include "dataplane/formats/gemini/answer.h"
#include "dataplane/formats/gemini/members.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using chat::ErrorKind;

struct StatusWord {
  std::string_view word;  // google.rpc.Code
  int status;
  ErrorKind kind;
};
// The first row of a kind is the word that is written for it.
constexpr std::array kWords{
    StatusWord{"INVALID_ARGUMENT", 400, ErrorKind::kInvalidRequest},
    StatusWord{"UNAUTHENTICATED", 401, ErrorKind::kAuthentication},
    StatusWord{"PERMISSION_DENIED", 403, ErrorKind::kPermission},
    StatusWord{"NOT_FOUND", 404, ErrorKind::kNotFound},
    StatusWord{"INVALID_ARGUMENT", 413, ErrorKind::kTooLarge},
    StatusWord{"RESOURCE_EXHAUSTED", 429, ErrorKind::kRateLimit},
    StatusWord{"RESOURCE_EXHAUSTED", 429, ErrorKind::kQuota},
    StatusWord{"INTERNAL", 500, ErrorKind::kServer},
    StatusWord{"UNAVAILABLE", 503, ErrorKind::kOverloaded},
    StatusWord{"DEADLINE_EXCEEDED", 504, ErrorKind::kTimeout},
    StatusWord{"FAILED_PRECONDITION", 400, ErrorKind::kInvalidRequest},
    StatusWord{"OUT_OF_RANGE", 400, ErrorKind::kInvalidRequest},
    StatusWord{"ALREADY_EXISTS", 409, ErrorKind::kInvalidRequest},
    StatusWord{"ABORTED", 409, ErrorKind::kServer},
    StatusWord{"CANCELLED", 499, ErrorKind::kServer},
    StatusWord{"UNKNOWN", 500, ErrorKind::kServer},
    StatusWord{"DATA_LOSS", 500, ErrorKind::kServer},
    StatusWord{"UNIMPLEMENTED", 501, ErrorKind::kServer},
};

constexpr std::string_view kNoJson = "GCPVertexAIBackendError";

const StatusWord* find_word(std::string_view word) {
  for (const StatusWord& row : kWords) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

bool is_error_status(std::int64_t status) {
  return status >= 400 && status <= 599;
}

}  // namespace

chat::ChatError error_of(const json::Value& error, int status) {
  chat::ChatError found;
  const auto text = [&](std::string_view name) -> std::string {
    const auto value = error.find(name);
    if (!value) return {};
    const auto string = value->string();
    return string ? std::string(*string) : std::string();
  };
  found.type = text("status");
  found.message = text("message");
  if (const auto code = error.find("code")) {
    const auto number = code->integer();
    if (number && status == 0 && is_error_status(*number)) status = static_cast<int>(*number);
    const auto word = code->string();
    found.code = word ? std::string(*word) : std::string(chat::Keeper::raw(*code));
  }
  const StatusWord* word = find_word(found.type);
  if (status == 0) status = word != nullptr ? word->status : 500;
  found.status = status;
  found.kind = word != nullptr ? word->kind : chat::kind_of(status);
  const auto details = error.find("details");
  if (details && details->type() == json::Type::kArray) {
    found.message = "Error: " + found.message + "\nDetails: ";
    found.message += chat::Keeper::raw(*details);
  }
  if (found.message.size() > kMaxErrorTextBytes) found.message.resize(kMaxErrorTextBytes);
  return found;
}

chat::ChatError decode_error(const chat::ProviderError& error) {
  const json::PaddedText padded(error.body);
  json::Reader reader;
  const auto root = reader.open(padded.view());
  chat::ChatError found;
  std::optional<json::Value> object;
  if (root) {
    json::Value body = *root;
    if (auto elements = body.elements(); elements && elements->next()) body = elements->value();
    object = body.find("error");
  }
  if (object && object->type() == json::Type::kObject) {
    found = error_of(*object, error.status);
  } else {
    found.status = error.status;
    found.kind = chat::kind_of(error.status);
    found.type = kNoJson;
  }
  if (found.message.empty()) {
    found.message = chat::read_error_body(error.body, error.status).message;
  }
  found.request_id = error.request_id;
  return found;
}

std::string encode_error(const chat::ChatError& error) {
  std::string_view word = "UNKNOWN";
  if (find_word(error.type) != nullptr) {
    word = error.type;
  } else {
    for (const StatusWord& row : kWords) {
      if (row.kind != error.kind) continue;
      word = row.word;
      break;
    }
  }
  std::string out;
  json::Writer writer(out);
  // The client library looks for exactly this beginning in a stream.
  writer.begin_object().key("error").begin_object();
  writer.member("code", error.status).member("message", error.message).member("status", word);
  writer.end_object().end_object();
  return out;
}

}  // namespace tollgate::dataplane::formats::gemini
