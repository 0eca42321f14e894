#pragma once

#include <memory>
#include <vector>

#include "dataplane/auth/credential_source.h"
#include "dataplane/router/router.h"
#include "dataplane/snapshot/compiled.h"

namespace tollgate::dataplane::exchange {

/// The credentials of a snapshot as they are now, by the slot of their CredentialNode. Published
/// again whenever one is renewed; immutable.
struct Credentials {
  struct Entry {
    std::uint32_t generation = 0;
    auth::CredentialState state;
  };
  std::vector<Entry> entries;

  /// nullptr if the id names no credential (any more).
  [[nodiscard]] const auth::CredentialState* find(snapshot::SlotId id) const {
    if (id.slot >= entries.size() || entries[id.slot].generation != id.generation) return nullptr;
    return &entries[id.slot].state;
  }
};

/// What a worker serves by. Immutable; a new one replaces it.
struct Config {
  std::shared_ptr<const snapshot::Compiled> snapshot;
  std::shared_ptr<const router::Router> router;
  std::shared_ptr<const Credentials> credentials;
};

}  // namespace tollgate::dataplane::exchange
