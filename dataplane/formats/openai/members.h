#pragma once

#include <optional>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::openai {

/// What the request decoders of OpenAI's dialects share: a member is taken into its place if its
/// name is known, and stands among the extras otherwise. A null asks for nothing and is an extra.
class RequestReader {
 public:
  RequestReader(std::string_view body, base::Arena& arena) : keeper_(body, arena), arena_(arena) {}

  [[nodiscard]] const chat::Keeper& keeper() const { return keeper_; }

  /// `name: value` as an extra; below an object as `object.name`.
  void extra(chat::Extras& extras, std::string_view name, const json::Value& value) const;
  void nested_extra(chat::Extras& extras, std::string_view object, std::string_view name,
                    const json::Value& value) const;

  /// Sampling members that chat and completions have alike. nullopt: the name is none of them.
  base::Result<bool> sampling(std::string_view name, const json::Value& value,
                              chat::Sampling& sampling) const;
  /// stream, stream_options, user and what else stands at the top of several dialects.
  base::Result<bool> common(std::string_view name, const json::Value& value,
                            chat::Request& request) const;
  base::Result<bool> stop(const json::Value& value, chat::Sampling& sampling) const;
  /// `cache_control`: true if it is a mark, else it is an extra.
  base::Result<bool> cache(const json::Value& value, chat::CacheMark& mark) const;
  /// Arguments of a tool call, the text of a JSON object.
  void arguments(std::string_view text, chat::Block& block);
  /// A JSON object's bytes.
  base::Result<std::string_view> object(const json::Value& value, std::string_view where) const;

  [[nodiscard]] std::string_view concat(std::string_view a, std::string_view b,
                                        std::string_view c = {}) const {
    return arena_.concat({a, b, c});
  }

 private:
  chat::Keeper keeper_;
  base::Arena& arena_;
  std::optional<json::Reader> arguments_reader_;  // made when the first call is met
};

/// `error` with the place that holds where it happened: "messages[3].role: ...".
base::Error below(base::Error error, std::string_view list, std::size_t index);

}  // namespace tollgate::dataplane::formats::openai
