#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "dataplane/formats/chat/format.h"
#include "dataplane/formats/gemini/losses.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::gemini {

/// ChatFormat::encode_request.
base::Result<chat::Dropped> encode_request(const chat::Request& request, const chat::Target& target,
                                           std::string& out);

/// What a model's name says about it.
struct ModelTraits {
  bool gemini3 = false;      // thinking levels, resolution of single images, parts of results
  bool json_schema = false;  // takes JSON Schema itself: Gemini 2.5 and later
  bool flash = false;
};
ModelTraits traits_of(std::string_view model);

/// A request being written.
struct Encoding {
  const chat::Request& request;
  const chat::Target& target;
  ModelTraits traits;
  bool own;  // the request came in this format
  Losses losses;
  json::Writer writer;
};

base::Status encode_contents(Encoding& encoding);
base::Status encode_system(Encoding& encoding);
base::Status encode_tools(Encoding& encoding);
base::Status encode_tool_config(Encoding& encoding);
base::Status encode_generation_config(Encoding& encoding);
/// A part that is not plain text; nothing is written for what is lost.
base::Status encode_media(Encoding& encoding, const chat::Block& block);
/// The object of a functionResponse, with its key; `name` is the function's.
base::Status encode_result(Encoding& encoding, const chat::Block& block, std::string_view name);
/// Whether encode_result leaves an image of a result to a part of its own.
bool beside_result(const Encoding& encoding, const chat::Block& block);

}  // namespace tollgate::dataplane::formats::gemini
