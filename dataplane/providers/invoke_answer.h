#pragma once

#include <string>
#include <string_view>

#include "dataplane/formats/event_stream.h"
#include "dataplane/formats/usage_scanner.h"
#include "dataplane/providers/answer.h"
#include "dataplane/providers/answer_parts.h"

namespace tollgate::dataplane::providers {

/// An answer of Bedrock's InvokeModel for an Anthropic Messages client. Whole answers pass; streams
/// come out of their frames as server-sent events, each event's JSON as it was; errors, in the head
/// or inside the stream, become Anthropic's.
class InvokeAnswer final : public Answer {
 public:
  base::Result<AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) override;
  base::Status observe(std::string_view bytes) override;
  base::Status push(std::string_view bytes, formats::ByteSink& sink) override;
  base::Status finish(formats::ByteSink& sink) override;
  void fail(const base::Error& error, formats::ByteSink& sink) override;
  [[nodiscard]] AnswerFacts facts() const override;
  [[nodiscard]] const ReportedError* reported() const override { return whole_.reported(); }

 private:
  enum class Kind : std::uint8_t { kOpaque, kWhole, kStream, kHeldError };

  base::Status on_frame(const formats::EventStreamFrame& frame);
  base::Status on_event(std::string_view json);
  base::Status on_exception(const formats::EventStreamFrame& frame);
  base::Status broken(std::string_view reason);
  void flush(formats::ByteSink& sink);

  Kind kind_ = Kind::kOpaque;
  bool stopped_ = false;  // the provider reported an error or broke its protocol
  int status_ = 0;
  std::string error_name_;  // x-amzn-errortype
  formats::UsageScanner usage_{catalog::Format::kNone, false};
  formats::EventStreamDecoder decoder_;
  std::string out_;          // events of the current push
  std::string error_event_;  // what `fail` writes if the provider itself reported the error
  HeldError error_;
  WholeWatch whole_;
};

}  // namespace tollgate::dataplane::providers
