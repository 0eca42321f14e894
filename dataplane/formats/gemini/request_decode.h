#pragma once

#include "dataplane/base/arena.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::gemini {

/// ChatFormat::decode_request.
base::Result<chat::Request> decode_request(json::Reader& reader, std::string_view body,
                                           base::Arena& arena);

/// A request being decoded. Members without a place in the canonical form become extras whose keys
/// are their paths in lowerCamelCase.
struct Decoding {
  chat::Keeper keep;
  base::Arena& arena;
  chat::Request& request;
};

// One function per part of the request; each names members in its errors.
base::Status decode_content(Decoding& decoding, const json::Value& content, bool system);
base::Status decode_part(Decoding& decoding, const json::Value& part, chat::Block& block);
base::Status decode_tool(Decoding& decoding, const json::Value& tool);
base::Status decode_tool_config(Decoding& decoding, const json::Value& config);
base::Status decode_generation_config(Decoding& decoding, const json::Value& config);

/// Calls and results get ids where the client sent none, matched by name and order; thoughts that a
/// streaming client sends back in pieces become one.
void link_calls(Decoding& decoding);
void join_thoughts(Decoding& decoding);

}  // namespace tollgate::dataplane::formats::gemini
