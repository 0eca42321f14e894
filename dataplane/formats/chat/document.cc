#include "dataplane/formats/chat/document.h"

namespace tollgate::dataplane::formats::chat {

void write_document_text(json::Writer& writer, const Media& media) {
  for (const std::string_view head : {media.name, media.context}) {
    if (!head.empty()) writer.string_part(head).string_part("\n\n");
  }
  writer.string_part(media.data);
}

bool is_text(const Block& block) {
  return block.kind == BlockKind::kText ||
         (block.kind == BlockKind::kDocument && block.media.source == MediaSource::kText);
}

void write_text(json::Writer& writer, const Block& text) {
  if (text.kind == BlockKind::kText) {
    writer.string_part(text.text);
  } else {
    write_document_text(writer, text.media);
  }
}

}  // namespace tollgate::dataplane::formats::chat
