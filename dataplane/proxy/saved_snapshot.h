#pragma once

#include <string>

#include "dataplane/base/result.h"
#include "dataplane/push/sealed.h"
#include "dataplane/snapshot/resource.h"

namespace tollgate::dataplane::proxy {

/// The last good snapshot on disk, so that a proxy serves within moments of a start with neither
/// controller nor API server alive. Encrypted and authenticated; written to a temporary file,
/// flushed and renamed, so that a reader sees the old or the new one whole.
class SavedSnapshot {
 public:
  /// `folder` must exist and be writable.
  explicit SavedSnapshot(std::string folder);

  base::Status save(const snapshot::ResourceSet& set, const push::KeyRing& keys) const;
  /// kNotFound if nothing was saved yet. Anything cut, changed or unreadable is an error.
  [[nodiscard]] base::Result<snapshot::ResourceSet> load(const push::KeyRing& keys) const;

 private:
  std::string path_;
};

}  // namespace tollgate::dataplane::proxy
