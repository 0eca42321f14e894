#include "dataplane/formats/anthropic/parts.h"
#include "dataplane/formats/chat/error_body.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::anthropic {

chat::ChatError decode_error(const chat::ProviderError& error) {
  chat::ErrorBody body = chat::read_error_body(error.body, error.status);
  chat::ChatError out;
  out.status = error.status;
  out.type = error.error_type.empty() ? std::move(body.type)
                                      : std::string(chat::bare_aws_name(error.error_type));
  out.kind = error_kind(out.type, error.status);
  out.code = std::move(body.code);
  out.param = std::move(body.param);
  out.message = std::move(body.message);
  out.request_id = body.request_id.empty() ? std::string(error.request_id) : body.request_id;
  return out;
}

std::string encode_error(const chat::ChatError& error) {
  // A word of this dialect is kept; those of others are said by what they mean.
  const bool ours =
      !error.type.empty() && error_kind(error.type, 400) == error_kind(error.type, 500);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "error").key("error").begin_object();
  writer.member("type", ours ? std::string_view(error.type) : error_word(error.kind));
  writer.member("message", error.message.empty() ? std::string_view("The provider failed.")
                                                 : std::string_view(error.message));
  writer.end_object();
  if (!error.request_id.empty()) writer.member("request_id", error.request_id);
  writer.end_object();
  return out;
}

}  // namespace tollgate::dataplane::formats::anthropic
