#include "dataplane/formats/chat/document.h"

namespace tollgate::dataplane::formats::chat {

void write_document_text(json::Writer& writer, const Media& media) {
  for (const std::string_view head : {media.name, media.context}) {
    if (!head.empty()) writer.string_part(head).string_part("\n\n");
  }
  writer.string_part(media.data);
}

}  // namespace tollgate::dataplane::formats::chat
