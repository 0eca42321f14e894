#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/formats/byte_sink.h"
#include "dataplane/formats/usage.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::providers {

/// How an answer's body reaches the client.
enum class AnswerWay : std::uint8_t {
  kRaw,        // bytes are forwarded as received; each piece is also given to `observe`
  kRewritten,  // each piece is given to `push`, and what comes out is sent
};

/// What is known about an answer so far, in any state. The views live until the next call.
struct AnswerFacts {
  formats::Usage usage;            // cumulative
  std::string_view model;          // as the provider names it; empty until known
  std::string_view finish_reason;  // the last one that was not null; empty until known
  std::uint64_t content_events = 0;
  std::size_t content_bytes = 0;  // of text in a stream, of all in a whole answer
  bool saw_error = false;         // the provider reported an error inside its stream
  bool whole = false;             // one document: whether it is an answer is known at its end only
};

/// An error that the provider reported, in the client's dialect.
struct ReportedError {
  int status = 502;
  std::string body;
};

/// The answer of one attempt on its way from the provider's bytes to the client's: translation,
/// error bodies and usage. Sans-I/O; state is bounded; one object per attempt. Calls in order:
/// on_head, then observe or push for each piece of the body, then finish or fail.
///
/// An error that push or finish returns means that the answer is broken (the provider reported an
/// error inside the stream, broke its protocol or stopped too early). What came before the error is
/// in the sink, nothing of the error is: a caller that has sent nothing to the client yet may
/// discard the attempt with what is in the sink and try the next backend (see Error::retryable);
/// one that has sent something calls `fail`, which ends the stream as an error in the client's
/// dialect, and closes.
class Answer {
 public:
  virtual ~Answer() = default;

  /// Decides the way and edits the upstream's head into the one the client gets: status, content
  /// type, and where bytes change also framing (kChunked) and the fields that describe the bytes.
  /// Texts that it adds live in the arena. An error: no body from here is usable. The head stays
  /// where it is and may be changed (framing) until the first byte is written to a sink.
  virtual base::Result<AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) = 0;
  /// Way kRaw: these bytes are about to be forwarded. An error: they are not (see `fail`).
  virtual base::Status observe(std::string_view bytes) = 0;
  /// Way kRewritten.
  virtual base::Status push(std::string_view bytes, formats::ByteSink& sink) = 0;
  /// The upstream's body ended as its framing says it should.
  virtual base::Status finish(formats::ByteSink& sink) = 0;
  /// The answer is broken, here or in the connection (`error`, whose detail is not shown to the
  /// client). A stream gets what was good of the bytes that `observe` refused, and its error event;
  /// for a whole answer nothing is written, since there is nothing in the body's format that could
  /// say it: the caller cuts the connection.
  virtual void fail(const base::Error& error, formats::ByteSink& sink) = 0;
  /// The part of `fail` before the error event.
  virtual void close_event(formats::ByteSink& /*sink*/) {}

  [[nodiscard]] virtual AnswerFacts facts() const = 0;
  /// Set when push or finish failed because the provider said so: what the client is told if
  /// nothing was sent to it yet. nullptr: the gateway words the error itself.
  [[nodiscard]] virtual const ReportedError* reported() const { return nullptr; }
};

}  // namespace tollgate::dataplane::providers
