#pragma once

#include "dataplane/formats/usage.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai {

/// The figures of a `usage` object, in the words of chat and completions or of Responses.
Usage decode_usage(const json::Value& value);

/// prompt_tokens, completion_tokens, total_tokens and their details where there are any.
void write_usage(json::Writer& w, const Usage& usage);
/// input_tokens, output_tokens, total_tokens and both details, which Responses always has.
void write_responses_usage(json::Writer& w, const Usage& usage);

}  // namespace tollgate::dataplane::formats::openai
