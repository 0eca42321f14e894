#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/auth/credential.h"
#include "dataplane/base/clock.h"
#include "dataplane/limits/costs.h"
#include "dataplane/limits/policy.h"
#include "dataplane/router/router.h"
#include "dataplane/snapshot/compiled.h"

namespace tollgate::dataplane::exchange::attempt {

/// What one credential looks like to the workers. `current` is null while there is none, and
/// `problem` says why in one sentence without secrets.
struct CredentialState {
  std::shared_ptr<const auth::Credential> current;
  std::string problem;
};

/// The credentials of a snapshot as they are now, by the slot of their CredentialNode. Published
/// again whenever one is renewed; immutable.
struct Credentials {
  struct Entry {
    std::uint32_t generation = 0;
    CredentialState state;
  };
  std::vector<Entry> entries;

  /// nullptr if the id names no credential (any more).
  [[nodiscard]] const CredentialState* find(snapshot::SlotId id) const {
    if (id.slot >= entries.size() || entries[id.slot].generation != id.generation) return nullptr;
    return &entries[id.slot].state;
  }
};

/// What a worker serves by. Immutable; a new one replaces it.
struct Config {
  std::shared_ptr<const snapshot::Compiled> snapshot;
  std::shared_ptr<const router::Router> router;
  std::shared_ptr<const Credentials> credentials;
  std::shared_ptr<const limits::Book> limits;
  std::shared_ptr<const limits::CostBook> costs;
  /// When the process got its first one: the age of models whose route does not tell its own.
  base::WallTime since{};
};

}  // namespace tollgate::dataplane::exchange::attempt
