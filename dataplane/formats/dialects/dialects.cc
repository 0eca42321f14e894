#include "dataplane/formats/dialects/dialects.h"

#include <algorithm>
#include <array>

#include "dataplane/formats/anthropic/anthropic.h"
#include "dataplane/formats/converse/converse.h"

namespace tollgate::dataplane::formats::dialects {
namespace {

constexpr std::array<const chat::ChatFormat*, 2> kFormats{
    &anthropic::kFormat,
    &converse::kFormat,
};

}  // namespace

const chat::ChatFormat* find(catalog::Format format) {
  if (format == catalog::Format::kBedrockInvokeMessages ||
      format == catalog::Format::kVertexMessages) {
    format = catalog::Format::kAnthropicMessages;
  }
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [format](const chat::ChatFormat* row) { return row->format == format; });
  return found == kFormats.end() ? nullptr : *found;
}

std::span<const chat::ChatFormat* const> all() {
  return kFormats;
}

}  // namespace tollgate::dataplane::formats::dialects
