#include <array>

#include "dataplane/providers/registry.h"
#include "dataplane/providers/same_dialect.h"

namespace tollgate::dataplane::providers {
namespace {

constexpr std::array kPaths{
    FormatPath{catalog::Format::kOpenAiChat, "/chat/completions"},
    FormatPath{catalog::Format::kOpenAiCompletions, "/completions"},
    FormatPath{catalog::Format::kOpenAiEmbeddings, "/embeddings"},
};

}  // namespace

const ProviderSpec kOpenAi{
    .schema = catalog::Schema::kOpenAi,
    .default_prefix = "v1",
    .paths = kPaths,
    .prepare = prepare_same_dialect,
};

}  // namespace tollgate::dataplane::providers
