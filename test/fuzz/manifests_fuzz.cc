#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "controller/files/load.h"

namespace files = tollgate::controller::files;
namespace schema = tollgate::controller::schema;

namespace {

std::string print(const files::LoadResult& result) {
  std::string out;
  for (const files::Document& document : result.objects) out += document.object->dump() + "\n";
  return out;
}

}  // namespace

/// Whatever the text: the loader ends within its limits, every object has a name and a line inside
/// the text, and what it made of the text is what it makes of its own output.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const schema::Registry registry = schema::Registry::embedded();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool json = size > 0 && data[0] == '{';
  const files::LoadResult first = files::load_text(registry, json ? "x.json" : "x.yaml", text);
  int lines = 1;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  for (const files::Document& document : first.objects) {
    if (document.name.empty() || document.lines.line() > lines) std::abort();
  }
  for (const files::Problem& problem : first.errors) {
    if (problem.message.empty() || problem.line > lines + 1) std::abort();
  }
  const std::string printed = print(first);
  const files::LoadResult second = files::load_text(registry, "again.json", printed);
  if (!second.errors.empty() || print(second) != printed) std::abort();
  return 0;
}
