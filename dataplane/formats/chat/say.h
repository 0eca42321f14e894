#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/formats/chat/request.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::chat {

// What encoders of requests say alike, whatever the dialect.

/// Doubles hold all integers below.
inline constexpr double kMaxExactInteger = 9007199254740992.0;

/// `verbatim`: as the request wrote it; else integers as such: 40.0 of a dialect whose numbers are
/// doubles is 40.
void write_number(json::Writer& writer, std::string_view key, const Number& number, bool verbatim);
/// As the request wrote it, if it did.
void write_number(json::Writer& writer, std::string_view key, const std::optional<Number>& number);
/// A list of texts, unless there are none.
void write_texts(json::Writer& writer, std::string_view key,
                 const std::vector<std::string_view>& texts);
/// There is one, and it is not 0.
bool is_nonzero(const std::optional<Number>& number);

/// What a model without JSON modes is told instead; empty if text was asked for.
std::string json_instruction(const ResponseFormat& format);

/// The choice of tools lets the model call this one.
bool is_allowed(const ToolChoice& choice, const Tool& tool);
/// There is a tool that the client serves itself.
bool has_function(const Request& request);
/// Of the system or the developer.
bool is_instruction(const Message& message);

}  // namespace tollgate::dataplane::formats::chat
