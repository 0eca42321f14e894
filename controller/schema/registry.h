#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "controller/schema/gvk.h"
#include "controller/schema/issue.h"
#include "controller/schema/kind.h"
#include "dataplane/base/result.h"

namespace tollgate::controller::schema {

/// The kinds that Tollgate knows and their schemas. Immutable for its users; schemas are compiled
/// when they are first needed. Safe to use from several threads.
class Registry {
 public:
  /// The definitions of crds/, as embedded in the program.
  static Registry embedded();

  /// From the texts of CustomResourceDefinitions.
  static dataplane::base::Result<Registry> from_yaml(std::span<const std::string_view> texts);

  Registry(Registry&&) noexcept;
  Registry& operator=(Registry&&) noexcept;
  ~Registry();

  /// The kind, whatever its version; nullptr if it is not known.
  const Kind* find(std::string_view group, std::string_view kind) const;

  /// By what people type: plural, singular, kind or short name, with or without ".GROUP", in any
  /// case; nullptr if it is not known.
  const Kind* find_by_name(std::string_view name) const;

  /// All kinds, sorted by group and kind.
  std::vector<const Kind*> kinds() const;

  /// Does to an object from outside a cluster what an API server does at its creation: removes
  /// unknown fields and the status (with a warning per field, without one for the status), fills
  /// defaults, checks everything but CEL rules. The object's kind and version must be known and
  /// served. Errors mean that the object must not be used. Values of Secrets are in no message.
  Checked apply(const Gvk& gvk, nlohmann::json& object,
                std::string_view default_namespace = "default") const;

 private:
  class Impl;
  explicit Registry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::schema
