#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/cel/program.h"

using namespace tollgate::dataplane::cel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kSteps = 5'000;
  static const std::vector<Variable> variables{
      {"model", {Kind::kString, {}}},
      {"total_tokens", {Kind::kUint, {}}},
      {"names", Type::list({Kind::kString, {}})},
      {"request", Type::map({Kind::kString, {}}, {})},
  };
  static const std::vector<Value> values{
      {std::string("gpt-4o")},
      {std::uint64_t{14}},
      make_list({{std::string("ann")}, {std::string("bob")}}),
      make_map({{{std::string("n")}, {std::int64_t{3}}}}),
  };
  const auto program =
      compile(std::string_view(reinterpret_cast<const char*>(data), size), variables);
  if (!program) return 0;
  const auto value = program->evaluate(values, kSteps);
  // What was checked keeps its type.
  const Kind wanted = program->type().kind;
  if (value && wanted != Kind::kDyn && value->kind() != wanted) std::abort();
  return 0;
}
