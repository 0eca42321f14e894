#include "render/abilities.h"

#include <algorithm>
#include <iterator>

namespace tollgate::render {

std::set<std::string> needed_abilities(const reconcilers::model::Backend& backend) {
  std::set<std::string> needed;
  if (!backend.schema.empty()) needed.insert("schema/" + backend.schema);
  return needed;
}

const std::set<std::string>& base_abilities() {
  static const std::set<std::string> names{"schema/Anthropic", "schema/AWSAnthropic",
                                           "schema/OpenAI"};
  return names;
}

std::set<std::string> missing_abilities(const std::set<std::string>& needed,
                                        const std::set<std::string>& base,
                                        const std::set<std::string>& said) {
  std::set<std::string> missing;
  std::copy_if(
      needed.begin(), needed.end(), std::inserter(missing, missing.end()),
      [&](const std::string& name) { return !base.contains(name) && !said.contains(name); });
  return missing;
}

}  // namespace tollgate::render
