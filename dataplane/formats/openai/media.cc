#include "dataplane/formats/openai/media.h"

namespace tollgate::dataplane::formats::openai {

chat::Media media_of(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kBase64 = ";base64";
  chat::Media media;
  if (!url.starts_with(kScheme)) {
    media.source = chat::MediaSource::kUrl;
    media.data = url;
    return media;
  }
  // RFC 2397: a type with parameters, then the data behind the first comma. The parameters say
  // nothing about bytes that name their own form.
  const std::size_t comma = url.find(',');
  const std::string_view head = url.substr(0, comma);
  if (comma == std::string_view::npos || !head.ends_with(kBase64)) return media;
  std::string_view type = head.substr(kScheme.size());
  type = type.substr(0, type.find(';'));
  if (type.empty()) return media;
  media.source = chat::MediaSource::kBase64;
  media.type = type == "image/jpg" ? std::string_view("image/jpeg") : type;
  media.data = url.substr(comma + 1);
  return media;
}

std::string url_of(const chat::Media& media) {
  if (media.source != chat::MediaSource::kBase64) return std::string(media.data);
  std::string url = "data:";
  url.reserve(url.size() + media.type.size() + media.data.size() + 8);
  url += media.type;
  url += ";base64,";
  url += media.data;
  return url;
}

std::string_view audio_format(std::string_view media_type) {
  if (media_type == "audio/mpeg") return "mp3";
  if (media_type == "audio/x-wav" || media_type == "audio/wave") return "wav";
  return media_type.starts_with("audio/") ? media_type.substr(6) : media_type;
}

}  // namespace tollgate::dataplane::formats::openai
