#include "dataplane/cel/type.h"

namespace tollgate::dataplane::cel {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kDyn:
      return "dyn";
  }
  return "dyn";
}

std::string to_string(const Type& type) {
  std::string out(to_string(type.kind));
  if (type.of.empty()) return out;
  out += '(';
  for (std::size_t i = 0; i < type.of.size(); ++i) {
    if (i > 0) out += ", ";
    out += to_string(type.of[i]);
  }
  return out + ')';
}

bool compatible(const Type& a, const Type& b) {
  if (a.kind == Kind::kDyn || b.kind == Kind::kDyn) return true;
  if (a.kind != b.kind || a.of.size() != b.of.size()) return false;
  for (std::size_t i = 0; i < a.of.size(); ++i) {
    if (!compatible(a.of[i], b.of[i])) return false;
  }
  return true;
}

Type common(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.of.size() != b.of.size()) return {};
  Type out{a.kind, {}};
  for (std::size_t i = 0; i < a.of.size(); ++i) out.of.push_back(common(a.of[i], b.of[i]));
  return out;
}

}  // namespace tollgate::dataplane::cel
