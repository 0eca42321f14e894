#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/turns.h"

namespace tollgate::dataplane::formats::converse {

/// Writes the messages of a request.
class ContentWriter final : public chat::TurnWriter {
 public:
  ContentWriter(const chat::Request& request, json::Writer& writer, chat::Losses& losses)
      : TurnWriter(request, writer, losses, catalog::Format::kBedrockConverse) {}

  /// `instruction` goes behind the client's own system prompt; empty: none.
  base::Status system(std::string_view instruction);
  base::Status messages();
  void cache_point(const chat::CacheMark& mark);

 private:
  base::Status own_content(const chat::Message& message) override;
  base::Status foreign_blocks(const chat::Message& message) override;
  [[nodiscard]] bool says_nothing(const chat::Block& block) const override;
  base::Status blocks(const std::vector<chat::Block>& blocks);
  base::Status block(const chat::Block& block);
  base::Status own_block(const chat::Block& block);
  base::Status content(const chat::Block& block);
  base::Status media(const chat::Block& block, std::string_view key);
  base::Status media_source(const chat::Block& block, std::string_view key);
  void thinking(const chat::Block& block);
  base::Status tool_use(const chat::Block& block);
  base::Status tool_result(const chat::Block& block);
  void document_name(const chat::Media& media);
  std::size_t documents_ = 0;
};

}  // namespace tollgate::dataplane::formats::converse
