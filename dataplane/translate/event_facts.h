#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/formats/chat/event.h"
#include "dataplane/providers/answer.h"

namespace tollgate::dataplane::translate {

/// What the ledger and the access log want to know of an answer, read from its events.
class EventFacts {
 public:
  void note(const formats::chat::Event& event);
  [[nodiscard]] providers::AnswerFacts facts() const;

 private:
  void note_usage(const formats::Usage& usage, bool at_start);

  formats::Usage usage_;
  std::optional<std::uint64_t> start_output_;
  std::string model_;
  std::string finish_reason_;
  std::uint64_t content_events_ = 0;
  std::size_t content_bytes_ = 0;
  bool saw_error_ = false;
};

/// The word for a stop reason in logs: OpenAI's finish reasons, and the provider's own for others.
std::string_view finish_word(const formats::chat::Event& stop);

}  // namespace tollgate::dataplane::translate
