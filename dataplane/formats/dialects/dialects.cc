#include "dataplane/formats/dialects/dialects.h"

#include <algorithm>
#include <array>

#include "dataplane/formats/anthropic/anthropic.h"
#include "dataplane/formats/converse/converse.h"
#include "dataplane/formats/gemini/format.h"
#include "dataplane/formats/openai_chat/openai_chat.h"
#include "dataplane/formats/openai_completions/openai_completions.h"
#include "dataplane/formats/openai_responses/openai_responses.h"

namespace tollgate::dataplane::formats::dialects {
namespace {

constexpr std::array<const chat::ChatFormat*, 6> kFormats{
    &anthropic::kFormat,   &converse::kFormat,           &gemini::kFormat,
    &openai_chat::kFormat, &openai_completions::kFormat, &openai_responses::kFormat,
};

}  // namespace

const chat::ChatFormat* find(catalog::Format format) {
  format = catalog::dialect_of(format);
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [format](const chat::ChatFormat* row) { return row->format == format; });
  return found == kFormats.end() ? nullptr : *found;
}

std::span<const chat::ChatFormat* const> all() {
  return kFormats;
}

}  // namespace tollgate::dataplane::formats::dialects
