#pragma once

#include "dataplane/formats/chat/request.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::chat {

/// A text, or a document that is one.
bool is_text(const Block& block);
/// What it says, into an open string.
void write_text(json::Writer& writer, const Block& text);

/// A document of text for a dialect that has none: its title and what the client says about it,
/// each above the text. Into an open string.
void write_document_text(json::Writer& writer, const Media& media);

}  // namespace tollgate::dataplane::formats::chat
