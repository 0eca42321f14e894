#include <array>

#include "dataplane/formats/chat/document.h"
#include "dataplane/formats/gemini/members.h"
#include "dataplane/formats/gemini/request_encode.h"

namespace tollgate::dataplane::formats::gemini {
namespace {

using catalog::Feature;
using chat::Block;
using chat::BlockKind;
using chat::MediaSource;

struct Extension {
  std::string_view suffix;
  std::string_view type;
};
constexpr Extension kExtensions[] = {
    {".png", "image/png"},         {".jpg", "image/jpeg"},      {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},       {".gif", "image/gif"},       {".heic", "image/heic"},
    {".heif", "image/heif"},       {".pdf", "application/pdf"}, {".txt", "text/plain"},
    {".csv", "text/csv"},          {".html", "text/html"},      {".md", "text/markdown"},
    {".json", "application/json"}, {".mp3", "audio/mp3"},       {".wav", "audio/wav"},
    {".flac", "audio/flac"},       {".ogg", "audio/ogg"},       {".mp4", "video/mp4"},
    {".mov", "video/quicktime"},   {".webm", "video/webm"},
};

/// Google wants a media type with every URL; clients of other dialects send none.
std::string_view type_of(const Block& block) {
  if (!block.media.type.empty()) return block.media.type;
  std::string_view path = block.media.data;
  path = path.substr(0, path.find_first_of("?#"));
  for (const Extension& extension : kExtensions) {
    if (path.ends_with(extension.suffix)) return extension.type;
  }
  switch (block.kind) {
    case BlockKind::kAudio:
      return "audio/mp3";
    case BlockKind::kVideo:
      return "video/mp4";
    case BlockKind::kDocument:
      return "application/pdf";
    default:
      return "image/jpeg";
  }
}

base::Status encode_detail(Encoding& encoding, std::string_view detail) {
  if (detail.empty() || !encoding.traits.gemini3) return {};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kLevels{{
      {"low", "MEDIA_RESOLUTION_LOW"},
      {"medium", "MEDIA_RESOLUTION_MEDIUM"},
      {"high", "MEDIA_RESOLUTION_HIGH"},
      {"auto", "MEDIA_RESOLUTION_UNSPECIFIED"},
  }};
  for (const auto& [word, level] : kLevels) {
    if (word != detail) continue;
    encoding.writer.key("mediaResolution").begin_object().member("level", level).end_object();
    return {};
  }
  return cannot_say("image_url.detail", "must be low, medium, high or auto");
}

/// Text of a result, which other dialects give in parts.
std::string joined_text(const Block& result) {
  std::string text;
  for (const Block& part : result.content) {
    if (part.kind != BlockKind::kText) continue;
    if (!text.empty()) text += '\n';
    text += part.text;
  }
  return text;
}

}  // namespace

base::Status encode_media(Encoding& encoding, const Block& block) {
  json::Writer& writer = encoding.writer;
  const chat::Media& media = block.media;
  if (media.cite) TRY(encoding.losses.lose(Feature::kCitations, "citations"));
  if (media.source == MediaSource::kText) {
    chat::write_document_text(writer.key("text").begin_string(), media);
    writer.end_string();
    return {};
  }
  if (media.source == MediaSource::kBase64) {
    writer.key("inlineData").begin_object();
    if (!media.type.empty() || !encoding.own) writer.member("mimeType", type_of(block));
    writer.member("data", media.data);
    if (encoding.own && !media.name.empty()) writer.member("displayName", media.name);
    if (encoding.own) write_extras(writer, block.extras, "inlineData.");
    writer.end_object();
  } else {
    if (media.source == MediaSource::kFile && !encoding.own) {
      TRY(encoding.losses.lose(Feature::kFileReference, "file"));
    }
    writer.key("fileData").begin_object();
    if (!media.type.empty() || !encoding.own) writer.member("mimeType", type_of(block));
    writer.member("fileUri", media.data);
    if (encoding.own && !media.name.empty()) writer.member("displayName", media.name);
    if (encoding.own) write_extras(writer, block.extras, "fileData.");
    writer.end_object();
  }
  return encoding.own ? base::Status{} : encode_detail(encoding, media.detail);
}

bool beside_result(const Encoding& encoding, const Block& block) {
  return block.kind != BlockKind::kText && !encoding.traits.gemini3;
}

base::Status encode_result(Encoding& encoding, const Block& block, std::string_view name) {
  json::Writer& writer = encoding.writer;
  writer.key("functionResponse").begin_object().member("name", name);
  if (encoding.own) {
    if (!block.id.empty() && !block.id.starts_with(kMadeId)) writer.member("id", block.id);
    if (!block.json.empty()) writer.raw_member("response", block.json);
    write_extras(writer, block.extras, "functionResponse.");
  } else {
    writer.key("response").begin_object();
    writer.member(block.is_error ? "error" : "output", joined_text(block)).end_object();
  }
  bool open = false;
  for (const Block& part : block.content) {
    if (part.kind == BlockKind::kText) continue;
    if (!encoding.own && beside_result(encoding, part)) continue;
    if (!open) writer.key("parts").begin_array();
    open = true;
    if (part.kind == BlockKind::kOpaque) {
      writer.raw(part.raw);
      continue;
    }
    writer.begin_object();
    TRY(encode_media(encoding, part));
    if (encoding.own) write_extras(writer, part.extras, {}, {"inlineData.", "fileData."});
    writer.end_object();
  }
  if (open) writer.end_array();
  writer.end_object();
  return {};
}

}  // namespace tollgate::dataplane::formats::gemini
