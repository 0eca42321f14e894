#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai {

/// The tokens that `raw`, logprobs of an answer from `origin`, speaks of: elements of OpenAI's
/// list, without its brackets; empty: none.
std::string logprob_tokens(std::string_view raw, catalog::Format origin);
/// The tokens of all of them.
std::string logprob_tokens(std::span<const std::string> raws, catalog::Format origin);

/// Writes `logprobs` of legacy completions for a list of such tokens, null for an empty one.
/// `offset` is where the text of the first one begins, and where that of the last one ends.
void write_legacy_logprobs(json::Writer& w, std::string_view tokens, std::size_t& offset);

}  // namespace tollgate::dataplane::formats::openai
