#include "dataplane/http/hop_by_hop.h"

#include <algorithm>
#include <array>

#include "dataplane/base/text.h"
#include "dataplane/http/grammar.h"

namespace tollgate::dataplane::http {

namespace {

constexpr std::string_view kConnection = "Connection";
constexpr std::string_view kProxyPrefix = "Proxy-";
constexpr std::array<std::string_view, 7> kOneHop = {
    kConnection, "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "HTTP2-Settings"};

bool is_one_hop(std::string_view name) {
  if (name.size() > kProxyPrefix.size() &&
      base::equals_ignore_case(name.substr(0, kProxyPrefix.size()), kProxyPrefix)) {
    return true;
  }
  return std::any_of(kOneHop.begin(), kOneHop.end(),
                     [name](std::string_view one) { return base::equals_ignore_case(name, one); });
}

}  // namespace

bool list_contains(const FieldList& fields, std::string_view name, std::string_view token) {
  for (const Field* f = fields.find(name); f != nullptr; f = fields.find_next(name, f)) {
    ListIterator elements(f->value);
    std::string_view element;
    while (elements.next(element)) {
      if (base::equals_ignore_case(element, token)) return true;
    }
  }
  return false;
}

HopByHop strip_hop_by_hop(FieldList& fields) {
  HopByHop result;
  result.te_trailers = list_contains(fields, "TE", "trailers");
  // Connection itself stays until all that it names is gone; its values live in the arena, not in
  // the list, so the views survive the removals.
  while (const Field* field = fields.find(kConnection)) {
    ListIterator names(field->value);
    fields.remove_if([field](const Field& f) { return &f == field; });
    std::string_view name;
    while (names.next(name)) {
      if (!base::equals_ignore_case(name, kConnection)) fields.remove(name);
    }
  }
  fields.remove_if([](const Field& field) { return is_one_hop(field.name); });
  return result;
}

}  // namespace tollgate::dataplane::http
