#pragma once

#include <optional>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/formats/openai_stream_filter.h"
#include "dataplane/formats/usage_scanner.h"
#include "dataplane/providers/answer.h"
#include "dataplane/providers/answer_parts.h"

namespace tollgate::dataplane::providers {

/// An answer in the client's own format: bytes pass, usage is read beside them. Rewritten are only
/// streams whose usage chunk the client did not ask for, and errors that are no JSON.
class PassingAnswer final : public Answer {
 public:
  PassingAnswer(catalog::Dialect dialect, catalog::Format format, bool strip_usage)
      : dialect_(dialect), format_(format), strip_usage_(strip_usage) {}

  base::Result<AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) override;
  void observe(std::string_view bytes) override { usage_.feed(bytes); }
  base::Status push(std::string_view bytes, formats::ByteSink& sink) override;
  base::Status finish(formats::ByteSink& sink) override;
  void fail(const base::Error& error, formats::ByteSink& sink) override;
  [[nodiscard]] AnswerFacts facts() const override { return facts_of(usage_); }

 private:
  enum class Kind : std::uint8_t { kOpaque, kWhole, kStream, kHeldError };

  catalog::Dialect dialect_;
  catalog::Format format_;
  bool strip_usage_;
  Kind kind_ = Kind::kOpaque;
  bool until_close_ = false;  // only the document's own end says that it is whole
  int status_ = 0;
  formats::UsageScanner usage_{catalog::Format::kNone, false};
  std::optional<formats::OpenAiStreamFilter> filter_;
  HeldError error_;
};

}  // namespace tollgate::dataplane::providers
