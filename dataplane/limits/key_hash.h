#pragma once

#include <memory>
#include <string_view>

#include "dataplane/base/hash.h"

namespace tollgate::dataplane::limits {

/// Hashes what clients send into names of counters: the first half of SHA-256, so that nobody can
/// make two values meet on purpose and values of any length take 16 bytes. One worker's; the
/// library's context is reused.
class KeyHasher {
 public:
  KeyHasher();
  ~KeyHasher();
  KeyHasher(const KeyHasher&) = delete;
  KeyHasher& operator=(const KeyHasher&) = delete;

  void begin();
  /// Each value with its length, so that ("ab", "c") is not ("a", "bc").
  void add(std::string_view value);
  base::Hash128 end();

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace tollgate::dataplane::limits
