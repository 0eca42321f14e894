#pragma once

#include <string_view>
#include <vector>

#include "dataplane/formats/chat/turns.h"

namespace tollgate::dataplane::formats::anthropic {

/// Writes the messages of a request.
class ContentWriter final : public chat::TurnWriter {
 public:
  ContentWriter(const chat::Request& request, json::Writer& writer, chat::Losses& losses)
      : TurnWriter(request, writer, losses, catalog::Format::kAnthropicMessages) {}

  /// `instruction` goes behind the client's own system prompt; empty: none.
  base::Status system(std::string_view instruction);
  void cache(const chat::CacheMark& mark, const chat::Extras& extras);

 private:
  using Marks = chat::CacheMark;

  base::Status own_content(const chat::Message& message) override;
  base::Status foreign_blocks(const chat::Message& message) override;
  [[nodiscard]] bool says_nothing(const chat::Block& block) const override;
  base::Status blocks(const std::vector<chat::Block>& blocks, const Marks& last);
  base::Status block(const chat::Block& block, const Marks& mark);
  bool begin(const chat::Block& block, std::string_view type);
  void end(const chat::Block& block, const Marks& mark);
  base::Status image(const chat::Block& block, const Marks& mark);
  base::Status document(const chat::Block& block, const Marks& mark);
  base::Status document_source(const chat::Media& media);
  void source(std::string_view type, std::string_view key, std::string_view data,
              std::string_view media_type);
  base::Status tool_call(const chat::Block& block, const Marks& mark);
  base::Status tool_result(const chat::Block& block, const Marks& mark);
};

}  // namespace tollgate::dataplane::formats::anthropic
