#pragma once

#include <functional>

#include "dataplane/base/result.h"
#include "dataplane/formats/chat/losses.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/formats/chat/take.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::chat {

// Dialects whose messages are turns of the user and the assistant, beside the system prompt.

/// Takes the role of a message and what is unknown of it; `take_content` takes its `content`.
base::Status take_turn(
    Message& message, const json::Value& value, const At& at, const Taker& take,
    const std::function<base::Status(const json::Value&, const At&)>& take_content);

/// Writes the messages of a request. A request of the writer's dialect is written as it came; one
/// of another with its instructions in the system prompt, results of tools in user messages, and
/// messages of one role that follow each other as one.
class TurnWriter {
 public:
  TurnWriter(const TurnWriter&) = delete;
  TurnWriter& operator=(const TurnWriter&) = delete;

  base::Status messages();
  /// Members that the client's own decoder kept; nothing for requests of other dialects.
  void extras(const Extras& extras);
  /// The typed fields are not written: an extra stands for them.
  [[nodiscard]] bool kept(const Extras& extras, std::string_view key) const;

 protected:
  TurnWriter(const Request& request, json::Writer& writer, Losses& losses, catalog::Format dialect)
      : request_(request), writer_(writer), losses_(losses), own_(request.origin == dialect) {}
  ~TurnWriter() = default;

  /// The instructions of a request of another dialect, into an open list of blocks.
  base::Status foreign_system();

  /// The value of `content`, of a request of the dialect.
  virtual base::Status own_content(const Message& message) = 0;
  /// Into an open list of blocks.
  virtual base::Status foreign_blocks(const Message& message) = 0;
  /// The dialect has no block for it, or refuses it when it is empty.
  [[nodiscard]] virtual bool says_nothing(const Block& block) const = 0;

  const Request& request_;
  json::Writer& writer_;
  Losses& losses_;
  bool own_;

 private:
  base::Status own_message(const Message& message);
  base::Status foreign_messages();
  base::Status foreign_message(const Message& message);
};

}  // namespace tollgate::dataplane::formats::chat
