#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reconcilers/collections.h"

namespace tollgate::reconcilers {

/// "A|B", the form of joined keys.
std::string join(std::string_view a, std::string_view b);
std::string join(std::string_view a, std::string_view b, std::string_view c);

/// Who refers: its group, kind and namespace.
struct Referrer {
  std::string_view group;
  std::string_view kind;
  std::string_view namespace_;
};

/// Whether a reference may be followed: within one namespace always, else if a ReferenceGrant in
/// the target's namespace says so.
bool may_refer(derive::Lookup& look, const Collections& c, const Referrer& from,
               const model::ObjectId& to);
/// The verdict of a reference that may not be followed. It says nothing about what exists there.
Verdict not_permitted(const Referrer& from, const model::ObjectId& to);

/// The policy that decides about the TLS to a target, or null. `port_name` is the name of the
/// Service's port; policies with a sectionName count only for the port of that name, and win over
/// those without; then the oldest wins.
const TlsState* tls_policy_for(derive::Lookup& look, const Collections& c,
                               const model::ObjectId& target, std::string_view port_name);
/// The order in which policies of one target win: sectionName first, then age.
bool tls_before(const TlsState& a, bool a_section, const TlsState& b, bool b_section);

}  // namespace tollgate::reconcilers
