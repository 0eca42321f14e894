#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::converse {

/// Writes the messages of a request. A request of this dialect is written as it came; one of
/// another as this dialect wants it: instructions gathered in the system prompt, results of tools
/// in user messages, users and assistant in turns.
class ContentWriter {
 public:
  ContentWriter(const chat::Request& request, json::Writer& writer, chat::Losses& losses);

  /// `instruction` goes behind the client's own system prompt; empty: none.
  base::Status system(std::string_view instruction);
  base::Status messages();
  /// Members that the client's own decoder kept; nothing for requests of other dialects.
  void extras(const chat::Extras& extras);
  /// The typed fields are not written: an extra stands for them.
  [[nodiscard]] bool kept(const chat::Extras& extras, std::string_view key) const;
  void cache_point(const chat::CacheMark& mark);

 private:
  base::Status own_message(const chat::Message& message);
  base::Status foreign_messages();
  base::Status foreign_blocks(const chat::Message& message);
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
  [[nodiscard]] bool says_nothing(const chat::Block& block) const;

  const chat::Request& request_;
  json::Writer& writer_;
  chat::Losses& losses_;
  bool own_;
  std::size_t documents_ = 0;
};

}  // namespace tollgate::dataplane::formats::converse
