#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::test {

using Document = std::shared_ptr<const nlohmann::json>;

/// The documents of a YAML stream; throws with line and reason on a mistake.
std::vector<Document> parse_documents(std::string_view yaml);
std::vector<Document> read_documents(const std::string& path);
std::string read_text(const std::string& path);

/// JSON as block-style YAML with sorted keys, for goldens.
std::string to_yaml(const nlohmann::json& value);

}  // namespace tollgate::test
