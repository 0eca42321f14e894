#include "reconcilers/refs.h"

#include <algorithm>

#include "reconcilers/conditions.h"

namespace tollgate::reconcilers {

std::string join(std::string_view a, std::string_view b) {
  std::string out(a);
  out += '|';
  out += b;
  return out;
}

std::string join(std::string_view a, std::string_view b, std::string_view c) {
  return join(join(a, b), c);
}

bool may_refer(derive::Lookup& look, const Collections& c, const Referrer& from,
               const model::ObjectId& to) {
  if (from.namespace_ == to.namespace_) return true;
  for (const auto& entry : look.list(c.grants_in, to.namespace_)) {
    const resources::ReferenceGrant& grant = *entry.value;
    const bool source = std::any_of(grant.from.begin(), grant.from.end(), [&from](const auto& f) {
      return f.group == from.group && f.kind == from.kind && f.namespace_ == from.namespace_;
    });
    const bool target = std::any_of(grant.to.begin(), grant.to.end(), [&to](const auto& t) {
      return t.group == to.group && t.kind == to.kind && (!t.name || t.name == to.name);
    });
    if (source && target) return true;
  }
  return false;
}

Verdict not_permitted(const Referrer& from, const model::ObjectId& to) {
  return unusable("RefNotPermitted", "No ReferenceGrant in namespace " + to.namespace_ +
                                         " permits " + std::string(from.kind) + " of namespace " +
                                         std::string(from.namespace_) + " to refer to " +
                                         model::to_string(to) + ".");
}

bool tls_before(const TlsState& a, bool a_section, const TlsState& b, bool b_section) {
  if (a_section != b_section) return a_section;
  return a.meta.age() < b.meta.age();
}

const TlsState* tls_policy_for(derive::Lookup& look, const Collections& c,
                               const model::ObjectId& target, std::string_view port_name) {
  const TlsState* best = nullptr;
  bool best_section = false;
  for (const auto& entry : look.list(c.tls_states_on, model::key_of(target))) {
    for (const resources::TargetRef& ref : entry.value->targets) {
      const bool same =
          ref.group == target.group && ref.kind == target.kind && ref.name == target.name;
      const bool section = ref.section_name.has_value();
      if (!same || (section && *ref.section_name != port_name)) continue;
      if (best == nullptr || tls_before(*entry.value, section, *best, best_section)) {
        best = entry.value;
        best_section = section;
      }
    }
  }
  return best;
}

}  // namespace tollgate::reconcilers
