#include "dataplane/formats/chat/error_body.h"
#include "dataplane/formats/converse/parts.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::converse {

chat::ChatError decode_error(const chat::ProviderError& error) {
  chat::ErrorBody body = chat::read_error_body(error.body, error.status);
  chat::ChatError out;
  out.status = error.status;
  out.type = error.error_type.empty() ? std::move(body.type)
                                      : std::string(chat::bare_aws_name(error.error_type));
  out.kind = error_kind(out.type, error.status);
  out.code = std::move(body.code);
  out.message = std::move(body.message);
  out.request_id = error.request_id;
  return out;
}

/// The name of the error stands in the header x-amzn-errortype (error_name()).
std::string encode_error(const chat::ChatError& error) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .member("message", error.message.empty() ? std::string_view("The provider failed.")
                                               : std::string_view(error.message))
      .end_object();
  return out;
}

}  // namespace tollgate::dataplane::formats::converse
