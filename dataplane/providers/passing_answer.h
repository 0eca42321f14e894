#pragma once

#include <optional>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/openai_stream_filter.h"
#include "dataplane/formats/usage_scanner.h"
#include "dataplane/providers/answer.h"
#include "dataplane/providers/answer_parts.h"

namespace tollgate::dataplane::providers {

/// An answer in the client's own format: bytes pass, usage is read beside them, and so is whether
/// they are an answer. Rewritten are only streams whose usage chunk the client did not ask for, and
/// errors that no client could read.
class PassingAnswer final : public Answer {
 public:
  enum class Streamed : std::uint8_t { kNo, kEvents, kArray };
  /// `streamed`: what the client asked for, and what an answer is taken for whose content type does
  /// not say it.
  PassingAnswer(catalog::Dialect dialect, catalog::Format format, bool strip_usage,
                Streamed streamed = Streamed::kNo)
      : dialect_(dialect), format_(format), strip_usage_(strip_usage), streamed_(streamed) {}

  base::Result<AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) override;
  base::Status observe(std::string_view bytes) override;
  base::Status push(std::string_view bytes, formats::ByteSink& sink) override;
  base::Status finish(formats::ByteSink& sink) override;
  void fail(const base::Error& error, formats::ByteSink& sink) override;
  void close_event(formats::ByteSink& sink) override;
  [[nodiscard]] AnswerFacts facts() const override;
  [[nodiscard]] const ReportedError* reported() const override { return whole_.reported(); }

 private:
  enum class Kind : std::uint8_t { kOpaque, kWhole, kStream, kHeldError };

  AnswerWay hold_error(http::ResponseHead& head);
  base::Status push_error(std::string_view bytes, formats::ByteSink& sink);
  void finish_error(formats::ByteSink& sink);

  catalog::Dialect dialect_;
  catalog::Format format_;
  bool strip_usage_;
  Streamed streamed_;
  Kind kind_ = Kind::kOpaque;
  int status_ = 0;
  bool json_error_ = false;             // the content type does not speak against it
  http::ResponseHead* head_ = nullptr;  // of a held error, until its first byte is written
  WholeWatch whole_;
  std::string good_;  // what came before the bytes that `observe` refused, in the same piece
  formats::UsageScanner usage_{catalog::Format::kNone, false};
  std::optional<formats::OpenAiStreamFilter> filter_;
  HeldError error_;
};

}  // namespace tollgate::dataplane::providers
