#include "dataplane/formats/openai/media.h"

namespace tollgate::dataplane::formats::openai {

chat::Media media_of(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kBase64 = ";base64,";
  chat::Media media;
  if (!url.starts_with(kScheme)) {
    media.source = chat::MediaSource::kUrl;
    media.data = url;
    return media;
  }
  const std::size_t at = url.find(kBase64);
  const std::string_view type = url.substr(kScheme.size(), at - kScheme.size());
  if (at == std::string_view::npos || type.empty() ||
      type.find_first_of(";,") != std::string_view::npos) {
    return media;
  }
  media.source = chat::MediaSource::kBase64;
  media.type = type;
  media.data = url.substr(at + kBase64.size());
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
