#include "dataplane/providers/answer_parts.h"

#include <algorithm>

#include "dataplane/base/text.h"
#include "dataplane/formats/errors.h"

namespace tollgate::dataplane::providers {

AnswerFacts facts_of(const formats::UsageScanner& scanner) {
  AnswerFacts facts;
  facts.usage = scanner.usage();
  facts.model = scanner.model();
  facts.finish_reason = scanner.finish_reason();
  facts.content_events = scanner.content_events();
  facts.content_bytes = scanner.content_bytes();
  facts.saw_error = scanner.saw_error();
  return facts;
}

void set_rewritten(http::ResponseHead& head) {
  head.framing = http::Framing::kChunked;
  head.content_length = 0;
  head.declared_length.reset();
  for (const std::string_view name : {"content-md5", "content-digest", "repr-digest", "digest",
                                      "etag", "accept-ranges", "content-encoding"}) {
    head.fields.remove(name);
  }
}

void set_length(http::ResponseHead& head, std::size_t bytes) {
  head.framing = http::Framing::kLength;
  head.content_length = bytes;
}

bool is_encoded(const http::ResponseHead& head) {
  const std::string_view encoding = base::trim(head.fields.value_of("content-encoding"));
  return !encoding.empty() && !base::equals_ignore_case(encoding, "identity");
}

bool has_media_type(const http::ResponseHead& head, std::string_view type) {
  const std::string_view value = head.fields.value_of("content-type");
  return base::equals_ignore_case(base::trim(value.substr(0, value.find(';'))), type);
}

BrokenStream describe_broken(const base::Error& error) {
  switch (error.code) {
    case base::Code::kTimeout:
      return {504, "The upstream did not send the rest of its answer in time."};
    case base::Code::kLimitExceeded:
      return {502, "The upstream's answer exceeds a limit of the gateway."};
    case base::Code::kUnavailable:
    case base::Code::kCancelled:
      return {502, "The connection to the upstream was lost before its answer was complete."};
    default:
      return {502, "The upstream ended its answer before it was complete."};
  }
}

void HeldError::add(std::string_view bytes) {
  text_.append(bytes.substr(0, formats::kMaxErrorBodyBytes - text_.size()));
}

}  // namespace tollgate::dataplane::providers
