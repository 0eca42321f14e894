#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/files/problem.h"
#include "controller/schema/registry.h"
#include "controller/yaml/lines.h"

namespace tollgate::controller::files {

/// One object of the files, as an API server would return it: unknown fields pruned, defaults
/// filled, valid but for CEL rules, with the metadata that a server adds.
struct Document {
  std::shared_ptr<const nlohmann::json> object;
  schema::Gvk gvk;                     // as written; all versions of a name are one object
  const schema::Kind* kind = nullptr;  // lives as long as the registry
  std::string ns;                      // empty for cluster-wide kinds
  std::string name;
  std::string file;  // empty for a Namespace that is only implied by others
  yaml::LineMap lines;
};

struct LoadResult {
  std::vector<Document> objects;  // sorted by group, kind, namespace and name
  std::vector<Problem> errors;    // documents that are not among the objects, and why
  std::vector<Problem> warnings;  // what was ignored
};

struct LoadOptions {
  std::string default_namespace = "default";
  /// metadata.creationTimestamp of every object that has none (exported ones have it). It is the
  /// same for all, so that their order of age is that of namespace and name.
  std::string created = "1970-01-01T00:00:00Z";
};

constexpr std::size_t kMaxObjects = 100'000;

/// Reads the manifests at `paths` (files and folders). One object given several times is taken from
/// where it comes last, as with `kubectl apply`, with a warning. Kinds that Tollgate does not use
/// are ignored with a warning. A mistake costs its own document only.
LoadResult load_manifests(const schema::Registry& registry, std::span<const std::string> paths,
                          const LoadOptions& options = {});

/// For a reload: objects of `previous` that are missing from `next` stay, with a warning, if the
/// file that held them has an error. So a mistake in a file that is edited takes nothing out of
/// service, as a refused update in a cluster does not.
void keep_last_good(const LoadResult& previous, LoadResult& next);

/// load_manifests for one text; `file` names it in problems. A name that ends in .json is read as
/// JSON.
LoadResult load_text(const schema::Registry& registry, const std::string& file,
                     std::string_view text, const LoadOptions& options = {});

}  // namespace tollgate::controller::files
