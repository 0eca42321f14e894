#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "controller/schema/json_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nlohmann::json;
  static const json root = json::parse(
      R"({"a":{"b":[10,[20],{"c":30}],"type":"x"},"l":[{"type":"A","v":1},{"type":"B"}]})");
  const auto path = tollgate::controller::schema::JsonPath::parse(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (path) path->find(root);
  return 0;
}
