#include "dataplane/mock/anthropic/tables.h"

#include <array>

namespace tollgate::dataplane::mock::anthropic {

namespace {

constexpr std::array kCacheControl{
    Field{"type", kString, true},
    Field{"ttl", kString},
};
constexpr std::array kSource{
    Field{"type", kString, true}, Field{"media_type", kString}, Field{"data", kString},
    Field{"url", kString},        Field{"file_id", kString},    Field{"content", kString | kArray},
};
constexpr std::array kBlock{
    Field{"type", kString, true},
    Field{"text", kString},
    Field{"cache_control", kObject, false, kCacheControl},
    Field{"citations", kArray | kObject},
    Field{"source", kObject | kString, false, kSource},
    Field{"title", kString},
    Field{"context", kString},
    Field{"id", kString},
    Field{"name", kString},
    Field{"input", kObject},
    Field{"tool_use_id", kString},
    Field{"content", kString | kArray | kObject},
    Field{"is_error", kBool},
    Field{"thinking", kString},
    Field{"signature", kString},
    Field{"data", kString},
    Field{"caller", kObject},
    Field{"toolset_name", kString},
};
constexpr std::array kMessage{
    Field{"role", kString, true},
    Field{"content", kString | kArray, true, kBlock},
};
constexpr std::array kSystem{
    Field{"type", kString, true},
    Field{"text", kString, true},
    Field{"cache_control", kObject, false, kCacheControl},
    Field{"citations", kArray},
};
constexpr std::array kToolChoice{
    Field{"type", kString, true},
    Field{"name", kString},
    Field{"disable_parallel_tool_use", kBool},
};
constexpr std::array kThinking{
    Field{"type", kString, true},
    Field{"budget_tokens", kInteger},
    Field{"display", kString},
};
constexpr std::array kFormat{
    Field{"type", kString, true},
    Field{"schema", kObject, true},
};
constexpr std::array kOutputConfig{
    Field{"effort", kString},
    Field{"format", kObject, false, kFormat},
};
constexpr std::array kMetadata{
    Field{"user_id", kString},
};

constexpr std::array kMessages{
    Field{"messages", kArray, true, kMessage},
    Field{"max_tokens", kInteger, true},
    Field{"cache_control", kObject, false, kCacheControl},
    Field{"container", kString | kObject},
    Field{"context_management", kObject},
    Field{"diagnostics", kObject},
    Field{"inference_geo", kString},
    Field{"mcp_servers", kArray},
    Field{"metadata", kObject, false, kMetadata},
    Field{"output_config", kObject, false, kOutputConfig},
    Field{"service_tier", kString},
    Field{"speed", kString},
    Field{"stop_sequences", kArray},
    Field{"system", kString | kArray, false, kSystem},
    Field{"temperature", kNumber},
    Field{"thinking", kObject, false, kThinking},
    Field{"tool_choice", kObject, false, kToolChoice},
    Field{"tools", kArray},
    Field{"top_k", kInteger},
    Field{"top_p", kNumber},
    Field{"user_profile_id", kString},
    Field{"workspace_id", kString},
};

}  // namespace

std::span<const Field> message_fields() {
  return kMessages;
}

}  // namespace tollgate::dataplane::mock::anthropic
