#pragma once

#include "dataplane/formats/chat/format.h"

namespace tollgate::dataplane::formats::gemini {

/// Google's generateContent and streamGenerateContent, as the Gemini API and Vertex AI speak them.
extern const chat::ChatFormat kFormat;

}  // namespace tollgate::dataplane::formats::gemini
