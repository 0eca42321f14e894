#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/hash.h"
#include "dataplane/base/result.h"

namespace tollgate::dataplane::snapshot {

/// Version of the resources' schema. A proxy refuses a set whose version is newer than its own.
inline constexpr std::uint32_t kSchemaVersion = 1;

/// One unit of configuration. `key` is kind/namespace/name[/part] and stable across changes; `body`
/// is canonical JSON (sorted keys, no spaces); references in it are keys of other resources.
/// Immutable once built; shared by pointer between successive sets.
struct Resource {
  std::string key;
  std::string body;
  base::Hash128 hash;  // of key, a NUL and body
};

std::shared_ptr<const Resource> make_resource(std::string key, std::string body);

/// The part of a key before its first '/'.
std::string_view kind_of(std::string_view key);

/// A set of resources by key. `hash` is the sum of the members' hashes modulo 2^128: it is the
/// revision, so that any controller replica can tell what a proxy holds.
class ResourceSet {
 public:
  using Map = std::map<std::string, std::shared_ptr<const Resource>, std::less<>>;

  /// Inserts or replaces. Returns false if an equal resource is there already.
  bool put(std::shared_ptr<const Resource> resource);
  bool erase(std::string_view key);
  [[nodiscard]] const Resource* find(std::string_view key) const;
  [[nodiscard]] const Map& all() const { return resources_; }
  [[nodiscard]] const base::Hash128& hash() const { return hash_; }
  [[nodiscard]] std::string revision() const { return base::to_hex(hash_); }

 private:
  Map resources_;
  base::Hash128 hash_;
};

/// What turns the set `base` into the set `revision` (both as 32 hex digits; base is empty when the
/// receiver starts from nothing).
struct Delta {
  std::string base;
  std::string revision;
  std::vector<std::shared_ptr<const Resource>> puts;
  std::vector<std::string> deletes;
};

Delta diff(const ResourceSet& from, const ResourceSet& to);
/// Applies `delta`; fails (leaving `set` unchanged) if its base is not the set's revision or the
/// result is not the promised one.
base::Status apply(ResourceSet& set, const Delta& delta);

/// What a reader may see of bodies of kind `secret`.
enum class Secrets : std::uint8_t { kReveal, kRedact };

/// The one text form for disk, goldens and `--snapshot FILE`: first line
/// {"hash":...,"revision":...,"schema":1}, then one line per resource
/// {"body":{...},"key":"..."} sorted by key. With kRedact a secret's value is replaced by its
/// digest.
std::string encode_lines(const ResourceSet& set, Secrets secrets);
/// Bounded and strict: wrong schema, unsorted or repeated keys, a hash that does not fit, or text
/// after the end are refused with the line number.
base::Result<ResourceSet> decode_lines(std::string_view text);

}  // namespace tollgate::dataplane::snapshot
