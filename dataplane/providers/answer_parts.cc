#include "dataplane/providers/answer_parts.h"

#include <algorithm>
#include <utility>

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

bool HeldError::full(std::size_t bytes) const {
  return bytes > formats::kMaxErrorBodyBytes - text_.size();
}

BodyKind body_kind(const http::ResponseHead& head) {
  const std::string_view value = head.fields.value_of("content-type");
  const std::string type = base::to_lower(base::trim(value.substr(0, value.find(';'))));
  if (type == "text/event-stream") return BodyKind::kEvents;
  if (type.find("json") != std::string::npos) return BodyKind::kJson;
  const bool says_nothing =
      type.empty() || type == "text/plain" || type == "application/octet-stream";
  return says_nothing ? BodyKind::kUnknown : BodyKind::kOther;
}

base::Error no_answer(std::string detail) {
  return base::backend_error(base::Code::kProtocol, true, std::move(detail));
}

void WholeWatch::add(std::string_view bytes) {
  if (!begun_) {
    const std::string_view text = base::trim(bytes);
    if (text.empty()) return;
    begun_ = true;
    // Errors are small and say so first: `{"error":`, `{"type":"error"`, `{"message":`.
    constexpr std::size_t kLookBytes = 32;
    const std::string_view first = text.substr(0, kLookBytes);
    suspect_ = first.find("error\"") != std::string_view::npos ||
               first.find("\"message\"") != std::string_view::npos;
  }
  if (suspect_) held_.add(bytes);
}

base::Status WholeWatch::judge(const formats::UsageScanner& scanner) {
  using Whole = formats::UsageScanner::Whole;
  switch (scanner.whole()) {
    case Whole::kNothing:
      return no_answer("the answer has no body");
    case Whole::kNoObject:
      return no_answer("the answer is no JSON object");
    case Whole::kEmpty:
      return no_answer("the answer is an empty object");
    case Whole::kAnswer:
    case Whole::kError:
      break;
  }
  if (!scanner.saw_end_marker()) {
    return no_answer("the answer ends in the middle of a JSON document");
  }
  if (scanner.whole() == Whole::kAnswer) return {};
  if (!held_.text().empty()) {
    reported_ = ReportedError{formats::status_in_error(held_.text()), std::string(held_.text())};
  }
  return base::backend_error(base::Code::kUnavailable, true,
                             "the provider reported an error with a good status");
}

}  // namespace tollgate::dataplane::providers
