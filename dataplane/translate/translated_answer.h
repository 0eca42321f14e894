#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/usage_scanner.h"
#include "dataplane/providers/answer.h"
#include "dataplane/providers/answer_parts.h"
#include "dataplane/translate/event_facts.h"

namespace tollgate::dataplane::translate {

/// An answer in the backend's format for a client of another one: decoded into events, and written
/// again as what the client asked for, a stream or a whole answer, whichever the backend sent.
class TranslatedAnswer final : public providers::Answer, private formats::chat::EventSink {
 public:
  struct Setup {
    const formats::chat::ChatFormat* backend = nullptr;
    const formats::chat::ChatFormat* client = nullptr;
    formats::chat::AnswerContext context;  // its texts outlive the answer
    bool streamed = false;                 // the client asked for a stream
    /// Opens the provider's envelope; nullptr: the bytes are the format's own.
    std::unique_ptr<providers::Answer> envelope;
    std::string_view dropped;  // value of x-tollgate-dropped; empty: none
  };
  explicit TranslatedAnswer(Setup setup) : setup_(std::move(setup)) {}

  base::Result<providers::AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) override;
  base::Status observe(std::string_view /*bytes*/) override { return {}; }  // never raw
  base::Status push(std::string_view bytes, formats::ByteSink& sink) override;
  base::Status finish(formats::ByteSink& sink) override;
  void fail(const base::Error& error, formats::ByteSink& sink) override;
  [[nodiscard]] providers::AnswerFacts facts() const override;
  [[nodiscard]] const providers::ReportedError* reported() const override {
    return reported_ ? &*reported_ : nullptr;
  }

 private:
  class DecoderSink;

  base::Status on_event(const formats::chat::Event& event) override;
  base::Status decode(std::string_view bytes);
  /// Makes the decoder when the first byte of the body tells what it is: labels are wrong at times.
  void open(char first);
  base::Status through_envelope(std::string_view bytes, bool last);
  void finish_error(formats::ByteSink& sink);
  void write_whole(std::string_view text, formats::ByteSink& sink);
  void report(const formats::chat::ChatError& error);

  Setup setup_;
  bool held_error_ = false;
  bool labelled_stream_ = false;
  bool raw_envelope_ = false;
  http::ResponseHead* head_ = nullptr;  // the client's, until the first byte is written
  int status_ = 0;
  std::string error_type_;
  std::string request_id_;
  providers::HeldError error_;
  std::unique_ptr<formats::chat::AnswerDecoder> decoder_;
  std::unique_ptr<formats::chat::StreamEncoder> encoder_;
  std::optional<formats::chat::AnswerFold> fold_;
  formats::ByteSink* sink_ = nullptr;  // during push, finish and fail
  EventFacts facts_;
  formats::UsageScanner figures_{catalog::Format::kNone, false};  // beside a whole answer
  std::optional<formats::chat::ChatError> provider_error_;
  std::optional<providers::ReportedError> reported_;
};

}  // namespace tollgate::dataplane::translate
