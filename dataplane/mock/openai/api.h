#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/mock/conversation.h"
#include "dataplane/mock/fields.h"
#include "dataplane/mock/reply.h"

namespace tollgate::dataplane::mock::openai {

/// OpenAI's API below `host.prefix`, and Azure's below /openai. Host and credential were checked
/// before.
Reply answer(const ModelHost& host, const Call& call);
Reply answer_azure(const ModelHost& host, const Call& call);

/// An error in OpenAI's shape with the type and code that go with the status.
Reply error(int status, std::string_view message);
/// With a code of its own, e.g. "invalid_api_key", and the member at fault.
Reply coded_error(int status, std::string_view code, std::string_view message,
                  std::string_view param = {});
std::optional<Reply> refuse(const std::optional<Problem>& problem);

/// What one request is answered with, once path, framing and JSON are good. `model`: the one that
/// the path names (Azure), else empty.
struct Request {
  const ModelHost& host;
  const Call& call;
  const json::Value& body;
  std::string_view path_model;
};
Reply chat(const Request& request);
Reply completions(const Request& request);
Reply embeddings(const Request& request);
Reply responses(const Request& request);

/// Checks that the model exists.
std::optional<Reply> refuse_model(const ModelHost& host, std::string_view model);
/// `data:URI` and other URLs of images; an error text if it is neither.
std::string read_media_url(std::string_view url, Part& part);

extern const Shape kShape;

}  // namespace tollgate::dataplane::mock::openai
