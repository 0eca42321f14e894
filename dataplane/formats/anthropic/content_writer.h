#pragma once

#include <string_view>
#include <vector>

#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::anthropic {

/// Writes the messages of a request. A request of this dialect is written as it came; one of
/// another as this dialect wants it: instructions gathered in the system prompt, results of tools
/// in user messages, messages of one role that follow each other as one.
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
  void cache(const chat::CacheMark& mark, const chat::Extras& extras);

 private:
  using Marks = chat::CacheMark;

  base::Status own_message(const chat::Message& message);
  base::Status foreign_messages();
  base::Status foreign_blocks(const chat::Message& message);
  base::Status blocks(const std::vector<chat::Block>& blocks, const Marks& last);
  base::Status block(const chat::Block& block, const Marks& mark);
  base::Status own_block(const chat::Block& block);
  bool begin(const chat::Block& block, std::string_view type);
  void end(const chat::Block& block, const Marks& mark);
  base::Status image(const chat::Block& block, const Marks& mark);
  base::Status document(const chat::Block& block, const Marks& mark);
  base::Status document_source(const chat::Media& media);
  void source(std::string_view type, std::string_view key, std::string_view data,
              std::string_view media_type);
  base::Status tool_call(const chat::Block& block, const Marks& mark);
  base::Status tool_result(const chat::Block& block, const Marks& mark);
  [[nodiscard]] bool says_nothing(const chat::Block& block) const;

  const chat::Request& request_;
  json::Writer& writer_;
  chat::Losses& losses_;
  bool own_;
};

}  // namespace tollgate::dataplane::formats::anthropic
