#include "dataplane/formats/chat/error_body.h"

#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::chat {
namespace {

using json::Value;

/// A string as it is, a number by its digits.
std::string text_of(const Value& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return {};
  if (const auto text = member->string()) return std::string(*text);
  if (member->type() == json::Type::kNumber) return std::string(member->raw().value_or(""));
  return {};
}

std::string first_text(const Value& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (std::string text = text_of(object, key); !text.empty()) return text;
  }
  return {};
}

void read_object(const Value& object, ErrorBody& out) {
  out.request_id = first_text(object, {"request_id", "requestId"});
  const auto error = object.find("error");
  if (error && error->type() == json::Type::kObject) {
    out.type = first_text(*error, {"type", "status"});
    out.code = text_of(*error, "code");
    out.param = text_of(*error, "param");
    out.message = first_text(*error, {"message", "detail"});
    return;
  }
  out.type = std::string(bare_aws_name(first_text(object, {"__type", "type", "status"})));
  out.code = text_of(object, "code");
  out.message = error && error->type() == json::Type::kString
                    ? text_of(object, "error")
                    : first_text(object, {"message", "Message", "originalMessage", "errorMessage",
                                          "detail", "error_description"});
}

std::string page_title(std::string_view page) {
  const std::string lower = base::to_lower(page);
  const std::size_t begin = lower.find("<title>");
  const std::size_t end = lower.find("</title>");
  constexpr std::size_t kTag = 7;
  if (begin == std::string::npos || end == std::string::npos || end < begin + kTag) return {};
  return std::string(base::trim(page.substr(begin + kTag, end - begin - kTag)));
}

}  // namespace

std::string_view bare_aws_name(std::string_view name) {
  if (const std::size_t hash = name.find('#'); hash != std::string_view::npos) {
    name.remove_prefix(hash + 1);
  }
  return base::trim(name.substr(0, name.find(':')));
}

ErrorBody read_error_body(std::string_view body, int status) {
  ErrorBody out;
  body = base::trim(body.substr(0, kMaxErrorBodyBytes));
  if (body.starts_with('{') || body.starts_with('[')) {
    json::Reader reader;
    const json::PaddedText padded(body);
    const auto root = reader.open(padded.view());
    if (root && root->type() == json::Type::kObject) {
      read_object(*root, out);
    } else if (root) {
      auto elements = root->elements();
      if (elements && elements->next()) read_object(elements->value(), out);
    }
  } else if (body.starts_with('<')) {
    out.message = page_title(body);
  } else {
    out.message = std::string(body.substr(0, kMaxErrorTextBytes));
  }
  if (out.message.empty()) {
    out.message = "The provider answered with status " + std::to_string(status) + ".";
  }
  return out;
}

}  // namespace tollgate::dataplane::formats::chat
