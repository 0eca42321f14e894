#include <array>

#include "dataplane/providers/registry.h"
#include "dataplane/providers/same_dialect.h"

namespace tollgate::dataplane::providers {
namespace {

constexpr std::array kPaths{
    FormatPath{catalog::Format::kAnthropicMessages, "/messages"},
};

}  // namespace

const ProviderSpec kAnthropic{
    .schema = catalog::Schema::kAnthropic,
    .default_prefix = "v1",
    .paths = kPaths,
    .prepare = prepare_same_dialect,
};

}  // namespace tollgate::dataplane::providers
