#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace tollgate::controller::schema {

/// The JSONPath of printer columns: `.name`, `['name']`, `[2]`, `[-1]`, `[1:3]`, `[*]`, `.*` and
/// `[?(@.a.b=="x")]` (also `!=`, and no comparison for existence). A backslash takes the meaning
/// from the next character of a name.
class JsonPath {
 public:
  static dataplane::base::Result<JsonPath> parse(std::string_view text);

  /// The values that the path reaches, in order; they live as long as `root`. What is missing is
  /// left out.
  std::vector<const nlohmann::json*> find(const nlohmann::json& root) const;

 private:
  struct Step {
    enum class Kind { kMember, kSlice, kAll, kFilter };
    Kind kind = Kind::kMember;
    std::string name;                             // kMember
    std::optional<long> from, to;                 // kSlice; negative counts from the end
    std::shared_ptr<const JsonPath> filter_path;  // kFilter
    bool negated = false;
    std::shared_ptr<const nlohmann::json> operand;  // kFilter; nullptr = exists
  };
  class Parser;

  static bool matches(const Step& step, const nlohmann::json& item);
  static void take(const Step& step, const nlohmann::json& value,
                   std::vector<const nlohmann::json*>& out);

  std::vector<Step> steps_;
};

}  // namespace tollgate::controller::schema
