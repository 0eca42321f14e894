#pragma once

#include <string>
#include <vector>

#include "reconcilers/collections.h"

namespace tollgate::reconcilers {

/// CA certificates gathered from ConfigMaps.
struct CaBundle {
  std::vector<std::string> pem;
  std::vector<model::Owner> owners;  // of the ConfigMaps
  std::vector<std::string> faults;   // one sentence per reference that gives none
  bool wrong_kind = false;           // a fault is a kind that is not read
};

/// Reads `ca.crt` of every ConfigMap in `refs`, all in `namespace_`.
CaBundle gather_ca(derive::Lookup& look, const Collections& c,
                   const std::vector<resources::ObjectRef>& refs, const std::string& namespace_);

/// Whether `text` holds at least one PEM certificate and every one in it is well-formed outside
/// (base64 of a DER sequence). What is inside is checked where it is used.
bool is_pem_certificates(std::string_view text);

}  // namespace tollgate::reconcilers
