#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "controller/resolve/resolver.h"

// A JSON list of API objects, whatever they hold, resolves without a crash; taking them all away
// again leaves nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nlohmann::json;
  using tollgate::controller::resolve::ObjectChange;
  using tollgate::controller::resolve::Resolver;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array()) return 0;
  Resolver resolver({});
  std::vector<ObjectChange> changes;
  std::vector<ObjectChange> gone;
  for (const json& document : list) {
    auto object =
        tollgate::reconcilers::resources::make_object(std::make_shared<const json>(document));
    if (!object) continue;
    gone.push_back({object->id, nullptr});
    changes.push_back({{}, object->document});
  }
  static_cast<void>(resolver.apply(changes));
  static_cast<void>(resolver.result());
  static_cast<void>(resolver.apply(gone));
  static_cast<void>(resolver.result());
  if (!resolver.gateways().empty() || !resolver.statuses().empty()) __builtin_trap();
  return 0;
}
