#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dataplane/formats/chat/event.h"
#include "dataplane/formats/chat/format.h"
#include "dataplane/providers/answer.h"
#include "dataplane/providers/answer_parts.h"

namespace tollgate::dataplane::translate {

/// A whole answer of a family that does not stream, in the backend's format: held, read and written
/// anew for the client.
class HeldAnswer final : public providers::Answer {
 public:
  static constexpr std::size_t kMaxBytes = 64U << 20U;

  /// What the converter is given beside the body, and gives back beside the answer.
  struct Figures {
    std::optional<std::uint64_t> input_tokens;  // in: as a header of the provider says
    formats::Usage usage;                       // out
    std::string model;                          // out
  };
  /// `padded` has JSON padding behind it.
  using Convert =
      std::function<base::Result<std::string>(std::string_view padded, Figures& figures)>;
  using ReadError = formats::chat::ChatError (*)(const formats::chat::ProviderError& error);
  using WriteError = std::function<std::string(const formats::chat::ChatError& error)>;

  HeldAnswer(Convert convert, ReadError read_error, WriteError write_error)
      : convert_(std::move(convert)),
        read_error_(read_error),
        write_error_(std::move(write_error)) {}

  base::Result<providers::AnswerWay> on_head(http::ResponseHead& head, base::Arena& arena) override;
  base::Status observe(std::string_view /*bytes*/) override { return {}; }  // never raw
  base::Status push(std::string_view bytes, formats::ByteSink& sink) override;
  base::Status finish(formats::ByteSink& sink) override;
  void fail(const base::Error& /*error*/, formats::ByteSink& /*sink*/) override {}
  [[nodiscard]] providers::AnswerFacts facts() const override;

 private:
  Convert convert_;
  ReadError read_error_;
  WriteError write_error_;
  http::ResponseHead* head_ = nullptr;  // the client's, until the first byte is written
  int status_ = 0;
  std::string error_type_;
  std::string request_id_;
  std::string body_;
  std::size_t bytes_ = 0;
  Figures figures_;
};

}  // namespace tollgate::dataplane::translate
