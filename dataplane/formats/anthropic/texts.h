#pragma once

#include <optional>
#include <string>

#include "dataplane/base/arena.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::anthropic {

/// A string, or text blocks as lines; nullopt: something else is among them.
std::optional<std::string> joined_texts(const json::Value& content);

/// A `search_result` block, which other dialects have no word for, as the text that it is: title
/// and source above what was found. false: it holds something else.
bool take_search_result(const json::Value& value, base::Arena& arena, chat::Block& block);

}  // namespace tollgate::dataplane::formats::anthropic
