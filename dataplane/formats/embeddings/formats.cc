#include <algorithm>
#include <array>

#include "dataplane/formats/embeddings/format.h"

namespace tollgate::dataplane::formats::embeddings {
namespace {

constexpr std::array<const EmbeddingFormat*, 5> kFormats{&kOpenAi, &kTitan, &kCohere, &kGemini,
                                                         &kVertex};

}  // namespace

const EmbeddingFormat* find(catalog::Format format) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [format](const EmbeddingFormat* row) { return row->format == format; });
  return found == kFormats.end() ? nullptr : *found;
}

std::span<const EmbeddingFormat* const> all() {
  return kFormats;
}

}  // namespace tollgate::dataplane::formats::embeddings
