#include "dataplane/translate/held_answer.h"

#include <charconv>

#include "dataplane/formats/errors.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::translate {

using providers::AnswerWay;

base::Result<AnswerWay> HeldAnswer::on_head(http::ResponseHead& head, base::Arena& /*arena*/) {
  head_ = &head;
  status_ = head.status;
  error_type_ = head.fields.value_of("x-amzn-errortype");
  request_id_ = head.fields.value_of("x-amzn-requestid");
  if (providers::is_encoded(head)) {
    return base::backend_error(base::Code::kProtocol, true,
                               "the answer is compressed although nobody asked for it");
  }
  if (head.status < 200 || (head.status >= 300 && head.status < 400)) {
    return providers::no_answer("status " + std::to_string(head.status) + " is no answer");
  }
  const std::string_view count = head.fields.value_of("x-amzn-bedrock-input-token-count");
  std::uint64_t tokens = 0;
  const auto read = std::from_chars(count.data(), count.data() + count.size(), tokens);
  if (!count.empty() && read.ec == std::errc() && tokens <= formats::kMaxTokens) {
    figures_.input_tokens = tokens;
  }
  providers::set_rewritten(head);
  head.fields.remove("x-amzn-errortype");
  head.fields.set("content-type", "application/json");
  return AnswerWay::kRewritten;
}

base::Status HeldAnswer::push(std::string_view bytes, formats::ByteSink& /*sink*/) {
  bytes_ += bytes.size();
  const bool error = status_ >= 400;
  if (error) {
    body_.append(bytes.substr(0, formats::kMaxErrorBodyBytes - body_.size()));
    return {};
  }
  if (body_.size() + bytes.size() > kMaxBytes) {
    return base::backend_error(base::Code::kLimitExceeded, false, "the answer is too large");
  }
  body_.append(bytes);
  return {};
}

base::Status HeldAnswer::finish(formats::ByteSink& sink) {
  if (status_ >= 400) {
    formats::chat::ProviderError found;
    found.status = status_;
    found.error_type = error_type_;
    found.request_id = request_id_;
    found.body = body_;
    formats::chat::ChatError error = read_error_(found);
    error.status = status_;
    const std::string told = write_error_(error);
    providers::set_length(*head_, told.size());
    sink.write(told);
    return {};
  }
  const std::size_t size = body_.size();
  body_.append(json::kPaddingBytes, '\0');
  TRY_ASSIGN(const std::string text, convert_(std::string_view(body_).substr(0, size), figures_));
  providers::set_length(*head_, text.size());
  sink.write(text);
  return {};
}

providers::AnswerFacts HeldAnswer::facts() const {
  providers::AnswerFacts facts;
  facts.usage = figures_.usage;
  facts.model = figures_.model;
  facts.content_bytes = bytes_;
  return facts;
}

}  // namespace tollgate::dataplane::translate
