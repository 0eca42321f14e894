#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/base/error.h"
#include "dataplane/formats/usage_scanner.h"
#include "dataplane/http/head.h"
#include "dataplane/providers/answer.h"

namespace tollgate::dataplane::providers {

AnswerFacts facts_of(const formats::UsageScanner& scanner);

/// Changes a head whose body will not be the bytes received: chunked, without the fields that
/// describe those bytes.
void set_rewritten(http::ResponseHead& head);
/// The whole body is known before anything was sent: its length is said instead.
void set_length(http::ResponseHead& head, std::size_t bytes);
/// The body is encoded in a way that we did not ask for, so that it cannot be read here.
bool is_encoded(const http::ResponseHead& head);
/// The media type is `type`, whatever its parameters and case.
bool has_media_type(const http::ResponseHead& head, std::string_view type);

/// What a client is told about a stream that broke: the status that its error type comes from, and
/// one sentence.
struct BrokenStream {
  int status = 502;
  std::string_view message;
};
BrokenStream describe_broken(const base::Error& error);

/// The beginning of a provider's error body, held to look at.
class HeldError {
 public:
  void add(std::string_view bytes);
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace tollgate::dataplane::providers
