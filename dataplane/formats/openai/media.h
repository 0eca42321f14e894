#pragma once

#include <string>
#include <string_view>

#include "dataplane/formats/chat/request.h"

namespace tollgate::dataplane::formats::openai {

/// What a member that takes a URL or a data: URI says. kNone: a data: URI that is not base64 or
/// does not name its type, which no other dialect can carry.
chat::Media media_of(std::string_view url);
/// The reverse, decoded: the URL, or the data: URI.
std::string url_of(const chat::Media& media);

/// `wav` is audio/wav, `mp3` is audio/mp3; and back, with the other names that the types have.
std::string_view audio_format(std::string_view media_type);

}  // namespace tollgate::dataplane::formats::openai
