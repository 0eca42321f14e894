#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::dataplane::base {}

namespace tollgate::controller::kube {

namespace base = tollgate::dataplane::base;

/// An API object as the server sent it (unknown fields included), shared between caches and readers
/// and never changed after it was published.
using JsonPtr = std::shared_ptr<const nlohmann::json>;

/// A kind as the API server serves it: what a path is made of.
struct ResourceType {
  std::string group;  // empty: core
  std::string version;
  std::string kind;
  std::string plural;
  bool namespaced = true;

  /// "v1" or "group/version", as `apiVersion` says it.
  [[nodiscard]] std::string api_version() const;
  friend auto operator<=>(const ResourceType&, const ResourceType&) = default;
};

/// The identity of an object in a cluster. The version is not part of it: the same object can be
/// read in every served version.
struct ObjectKey {
  std::string group;
  std::string kind;
  std::string namespace_;  // empty: cluster-scoped
  std::string name;

  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

/// "gateway.networking.k8s.io/HTTPRoute default/web", for logs and messages.
std::string to_string(const ObjectKey& key);

/// One object and how to reach it.
struct ObjectRef {
  ResourceType type;
  std::string namespace_;
  std::string name;

  [[nodiscard]] ObjectKey key() const { return {type.group, type.kind, namespace_, name}; }
};

/// "/api/v1/namespaces/NS/pods" or "/apis/G/V/plural"; an empty namespace means all of them.
std::string collection_path(const ResourceType& type, std::string_view namespace_);
/// The path of one object, or of its subresource ("status") if one is named.
std::string object_path(const ObjectRef& ref, std::string_view subresource = {});

/// Reads a string below `metadata`; empty if it is absent or of another type. The view lives as
/// long as the object.
std::string_view metadata_string(const nlohmann::json& object, const char* field);
std::string_view resource_version_of(const nlohmann::json& object);
std::int64_t generation_of(const nlohmann::json& object);
/// The key of an object that carries apiVersion, kind and metadata.
ObjectKey key_of(const nlohmann::json& object);

/// Orders two resource versions of one kind if both are decimal numbers without leading zeros
/// (Kubernetes 1.35 and later guarantee the order; before, only equality means something).
std::optional<std::strong_ordering> compare_resource_versions(std::string_view a,
                                                              std::string_view b);

}  // namespace tollgate::controller::kube
