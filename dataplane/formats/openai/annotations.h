#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::openai {

/// Where the cited text stands in the answer's text, in bytes.
struct Span {
  std::size_t from = 0;
  std::size_t to = 0;
};

/// Which of OpenAI's two ways to write an annotation: chat puts the members of a URL citation
/// below `url_citation`, Responses does not.
enum class AnnotationStyle : std::uint8_t { kNested, kFlat };

/// Writes a citation of any origin, if it names something on the web; false: nothing was written.
bool write_annotation(json::Writer& w, json::Reader& reader, std::string_view raw,
                      catalog::Format origin, Span span, AnnotationStyle style);

}  // namespace tollgate::dataplane::formats::openai
