#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace tollgate::reconcilers::model {

/// The identity of an API object. The version is not part of it: one object is served in several.
struct ObjectId {
  std::string group;  // empty: core
  std::string kind;
  std::string namespace_;  // empty: cluster-scoped
  std::string name;

  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// "NS/NAME", or "NAME" of what is cluster-scoped.
std::string path_of(const ObjectId& id);
/// "HTTPRoute default/web", for messages.
std::string to_string(const ObjectId& id);
/// "gateway.networking.k8s.io/HTTPRoute/default/web": unique, sorts by kind first.
std::string key_of(const ObjectId& id);

/// An object and the generation of it that something was made of.
struct Owner {
  ObjectId id;
  std::int64_t generation = 0;
  friend auto operator<=>(const Owner&, const Owner&) = default;
};

/// Age for "oldest wins": creation, then namespace/name. The smaller is the older.
struct Age {
  std::int64_t created_unix_s = 0;
  std::string namespace_;
  std::string name;
  friend auto operator<=>(const Age&, const Age&) = default;
};

}  // namespace tollgate::reconcilers::model
