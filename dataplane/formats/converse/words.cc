#include <algorithm>
#include <array>

#include "dataplane/base/text.h"
#include "dataplane/formats/chat/error_body.h"
#include "dataplane/formats/chat/sealed.h"
#include "dataplane/formats/chat/words.h"
#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {
namespace {

using chat::BlockKind;
using chat::ErrorKind;
using chat::StopReason;

using StopRow = chat::Word<StopReason>;
using ErrorRow = chat::Word<ErrorKind>;

constexpr std::array kStops{
    StopRow{"end_turn", StopReason::kEndTurn},
    StopRow{"tool_use", StopReason::kToolCalls},
    StopRow{"max_tokens", StopReason::kMaxTokens},
    StopRow{"stop_sequence", StopReason::kStopSequence},
    StopRow{"content_filtered", StopReason::kContentFilter},
    StopRow{"content_filtered", StopReason::kRefusal},
    StopRow{"guardrail_intervened", StopReason::kContentFilter},
    StopRow{"content_filtered", StopReason::kRecitation},
    StopRow{"content_filtered", StopReason::kLanguage},
    StopRow{"malformed_tool_use", StopReason::kMalformedCall},
    StopRow{"malformed_tool_use", StopReason::kUnexpectedCall},
    StopRow{"malformed_model_output", StopReason::kOther},
    StopRow{"malformed_model_output", StopReason::kNoImage},
    StopRow{"model_context_window_exceeded", StopReason::kContextWindow},
};

constexpr std::array kErrors{
    ErrorRow{"ValidationException", ErrorKind::kInvalidRequest},
    ErrorRow{"UnrecognizedClientException", ErrorKind::kAuthentication},
    ErrorRow{"AccessDeniedException", ErrorKind::kPermission},
    ErrorRow{"ResourceNotFoundException", ErrorKind::kNotFound},
    ErrorRow{"ValidationException", ErrorKind::kTooLarge},
    ErrorRow{"ThrottlingException", ErrorKind::kRateLimit},
    ErrorRow{"ServiceQuotaExceededException", ErrorKind::kQuota},
    ErrorRow{"InternalServerException", ErrorKind::kServer},
    ErrorRow{"ServiceUnavailableException", ErrorKind::kOverloaded},
    ErrorRow{"ModelTimeoutException", ErrorKind::kTimeout},
    ErrorRow{"TooManyRequestsException", ErrorKind::kRateLimit},
    ErrorRow{"ModelNotReadyException", ErrorKind::kOverloaded},
    ErrorRow{"ModelErrorException", ErrorKind::kServer},
    ErrorRow{"ModelStreamErrorException", ErrorKind::kServer},
    ErrorRow{"InternalFailure", ErrorKind::kServer},
    ErrorRow{"InvalidSignatureException", ErrorKind::kAuthentication},
    ErrorRow{"ExpiredTokenException", ErrorKind::kAuthentication},
    ErrorRow{"IncompleteSignature", ErrorKind::kAuthentication},
};

struct MediaRow {
  BlockKind kind;
  std::string_view format;
  std::string_view type;
};
// The first row of a type names its format, the first of a format its type.
constexpr std::array kMedia{
    MediaRow{BlockKind::kImage, "png", "image/png"},
    MediaRow{BlockKind::kImage, "jpeg", "image/jpeg"},
    MediaRow{BlockKind::kImage, "gif", "image/gif"},
    MediaRow{BlockKind::kImage, "webp", "image/webp"},
    MediaRow{BlockKind::kImage, "jpeg", "image/jpg"},
    MediaRow{BlockKind::kDocument, "pdf", "application/pdf"},
    MediaRow{BlockKind::kDocument, "csv", "text/csv"},
    MediaRow{BlockKind::kDocument, "doc", "application/msword"},
    MediaRow{BlockKind::kDocument, "docx",
             "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    MediaRow{BlockKind::kDocument, "xls", "application/vnd.ms-excel"},
    MediaRow{BlockKind::kDocument, "xlsx",
             "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    MediaRow{BlockKind::kDocument, "html", "text/html"},
    MediaRow{BlockKind::kDocument, "txt", "text/plain"},
    MediaRow{BlockKind::kDocument, "md", "text/markdown"},
    MediaRow{BlockKind::kAudio, "mp3", "audio/mpeg"},
    MediaRow{BlockKind::kAudio, "mp3", "audio/mp3"},
    MediaRow{BlockKind::kAudio, "wav", "audio/wav"},
    MediaRow{BlockKind::kAudio, "wav", "audio/x-wav"},
    MediaRow{BlockKind::kAudio, "opus", "audio/opus"},
    MediaRow{BlockKind::kAudio, "aac", "audio/aac"},
    MediaRow{BlockKind::kAudio, "flac", "audio/flac"},
    MediaRow{BlockKind::kAudio, "ogg", "audio/ogg"},
    MediaRow{BlockKind::kAudio, "mp4", "audio/mp4"},
    MediaRow{BlockKind::kAudio, "m4a", "audio/x-m4a"},
    MediaRow{BlockKind::kAudio, "webm", "audio/webm"},
    MediaRow{BlockKind::kAudio, "pcm", "audio/pcm"},
    MediaRow{BlockKind::kAudio, "mka", "audio/x-matroska"},
    MediaRow{BlockKind::kVideo, "mp4", "video/mp4"},
    MediaRow{BlockKind::kVideo, "mkv", "video/x-matroska"},
    MediaRow{BlockKind::kVideo, "mov", "video/quicktime"},
    MediaRow{BlockKind::kVideo, "webm", "video/webm"},
    MediaRow{BlockKind::kVideo, "flv", "video/x-flv"},
    MediaRow{BlockKind::kVideo, "mpeg", "video/mpeg"},
    MediaRow{BlockKind::kVideo, "wmv", "video/x-ms-wmv"},
    MediaRow{BlockKind::kVideo, "three_gp", "video/3gpp"},
};

const ErrorRow* find_error(std::string_view name) {
  name = chat::bare_aws_name(name);
  const auto* const row = std::find_if(kErrors.begin(), kErrors.end(), [name](const ErrorRow& r) {
    return base::equals_ignore_case(r.word, name);
  });
  return row == kErrors.end() ? nullptr : row;
}

}  // namespace

std::string_view stop_word(StopReason stop) {
  return chat::word_of(kStops, stop, "end_turn");
}

StopReason stop_of(std::string_view word) {
  return chat::meaning_of(kStops, word, StopReason::kOther);
}

ErrorKind error_kind(std::string_view name, int status) {
  const ErrorRow* const row = find_error(name);
  return row == nullptr ? chat::kind_of(status) : row->meaning;
}

std::string_view error_name(const chat::ChatError& error) {
  const ErrorRow* const row = find_error(error.type);
  return row != nullptr ? row->word : chat::word_of(kErrors, error.kind, "InternalServerException");
}

std::string_view format_of(BlockKind kind, std::string_view media_type) {
  const auto* const row = std::find_if(kMedia.begin(), kMedia.end(), [&](const MediaRow& r) {
    return r.kind == kind && r.type == media_type;
  });
  return row == kMedia.end() ? std::string_view{} : row->format;
}

std::string_view media_type_of(BlockKind kind, std::string_view format) {
  const auto* const row = std::find_if(kMedia.begin(), kMedia.end(), [&](const MediaRow& r) {
    return r.kind == kind && r.format == format;
  });
  return row == kMedia.end() ? std::string_view{} : row->type;
}

std::string as_blob(std::string_view data) {
  return chat::is_strict_base64(data) ? std::string(data)
                                      : chat::wrap_seal(chat::SealKind::kData, data);
}

}  // namespace tollgate::dataplane::formats::converse
