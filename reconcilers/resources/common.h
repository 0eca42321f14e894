#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconcilers/model/object_id.h"
#include "reconcilers/model/route.h"
#include "reconcilers/model/status.h"
#include "reconcilers/resources/object.h"
#include "reconcilers/resources/view.h"

namespace tollgate::reconcilers::resources {

/// Whether a header can have that name (RFC 9110 section 5.1).
bool is_header_name(std::string_view text);

/// What every read object has. `problems` lists what could not be read.
struct Meta {
  model::ObjectId id;
  std::string version;  // "v1alpha1"
  std::int64_t generation = 0;
  std::int64_t created_unix_s = 0;
  Problems problems;

  [[nodiscard]] model::Owner owner() const { return {id, generation}; }
  [[nodiscard]] model::Age age() const { return {created_unix_s, id.namespace_, id.name}; }
  [[nodiscard]] std::string path() const { return model::path_of(id); }
  friend bool operator==(const Meta&, const Meta&) = default;
};
/// Problems of metadata go to `meta.problems`; the caller adds those of the rest.
Meta read_meta(const Object& object);

/// An object that is referred to: defaults are filled in, an empty namespace means "the same".
struct ObjectRef {
  std::string group;
  std::string kind;
  std::string namespace_;
  std::string name;
  std::optional<std::uint16_t> port;
  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};
ObjectRef read_object_ref(const View& view, std::string_view default_group,
                          std::string_view default_kind);

/// A policy's target, in the policy's own namespace.
struct TargetRef {
  std::string group;
  std::string kind;
  std::string name;
  std::optional<std::string> section_name;
  friend bool operator==(const TargetRef&, const TargetRef&) = default;
};
std::vector<TargetRef> read_target_refs(const View& list);
/// targetRefs, and the older targetRef, of a policy's spec.
std::vector<TargetRef> read_all_target_refs(const View& spec);

model::ParentRef read_parent_ref(const View& view);

/// A label selector; an empty one selects everything.
struct LabelSelector {
  struct Expression {
    std::string key;
    std::string op;  // In, NotIn, Exists, DoesNotExist
    std::vector<std::string> values;
    friend bool operator==(const Expression&, const Expression&) = default;
  };
  std::map<std::string, std::string> labels;
  std::vector<Expression> expressions;
  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};
LabelSelector read_label_selector(const View& view);
bool selects(const LabelSelector& selector, const std::map<std::string, std::string>& labels);

/// An entry of a policy's targetSelectors: objects of the policy's own namespace.
struct TargetSelector {
  std::string group;
  std::string kind;
  LabelSelector labels;
  friend bool operator==(const TargetSelector&, const TargetSelector&) = default;
};
std::vector<TargetSelector> read_target_selectors(const View& list);

/// A port number; absent or out of range reads as absent (and a problem).
std::optional<std::uint16_t> read_port(const View& view);

/// {set: [{name, value}], add: [...], remove: [...]}. Names that differ in case only count once,
/// the first wins.
model::HeaderEdit read_header_edit(const View& view);

/// The same as `headerMutation` of the AI kinds has it: edits of headers that the gateway itself
/// uses are left out and named in `ignored`.
model::HeaderEdit read_header_mutation(const View& view, std::vector<std::string>& ignored);
/// `bodyMutation` of the AI kinds: a value that is JSON stands as it is, any other text becomes a
/// JSON string.
model::BodyEdit read_body_mutation(const View& view);

/// [{type, name, value}] of headers (names in lower case) or query parameters.
std::vector<model::ValueMatch> read_value_matches(const View& list, bool headers);

/// nullopt if it is not set or is no duration, which is then reported.
std::optional<std::chrono::milliseconds> read_duration(const View& view);

/// {request, backendRequest}.
model::Timeouts read_timeouts(const View& view);

}  // namespace tollgate::reconcilers::resources
