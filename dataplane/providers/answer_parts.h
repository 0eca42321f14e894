#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/error.h"
#include "dataplane/base/result.h"
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
  /// Another `bytes` would be too much.
  [[nodiscard]] bool full(std::size_t bytes) const;
  void clear() { text_.clear(); }

 private:
  std::string text_;
};

/// What the content type says that an answer's body is.
enum class BodyKind : std::uint8_t { kJson, kEvents, kUnknown, kOther };
BodyKind body_kind(const http::ResponseHead& head);

/// An answer with a status or a body that no client takes for an answer.
base::Error no_answer(std::string detail);

/// Looks at a whole answer that passes: a 200 is not always one. What a provider says instead is
/// kept; of good answers nothing is.
class WholeWatch {
 public:
  void add(std::string_view bytes);
  /// The body is over.
  base::Status judge(const formats::UsageScanner& scanner);
  [[nodiscard]] const ReportedError* reported() const { return reported_ ? &*reported_ : nullptr; }

 private:
  bool begun_ = false;
  bool suspect_ = false;  // it begins like an error
  HeldError held_;
  std::optional<ReportedError> reported_;
};

}  // namespace tollgate::dataplane::providers
