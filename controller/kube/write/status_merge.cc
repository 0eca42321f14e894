#include "controller/kube/write/status_merge.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconcilers/document/member.h"

namespace tollgate::controller::kube::write {

namespace {

using nlohmann::json;
using reconcilers::document::member;
using reconcilers::document::text_of;

constexpr const char* kTransitionTime = "lastTransitionTime";

const json kNull;

/// The name of the member that says to whom an entry of a shared list refers; null if it is no
/// such entry.
const char* reference_of(const json& entry) {
  if (!entry.is_object()) return nullptr;
  if (entry.contains("parentRef")) return "parentRef";
  if (entry.contains("ancestorRef")) return "ancestorRef";
  return nullptr;
}

/// What a reference means, whether the server has filled in the defaults or not.
json reference_key(const json& reference) {
  return json::array({text_of(reference, "group", "gateway.networking.k8s.io"),
                      text_of(reference, "kind", "Gateway"), member(reference, "namespace"),
                      member(reference, "name"), member(reference, "sectionName"),
                      member(reference, "port")});
}

bool same_entry(const json& a, const json& b) {
  const char* reference = reference_of(a);
  if (reference != nullptr && reference == reference_of(b)) {
    return member(a, "controllerName") == member(b, "controllerName") &&
           reference_key(a[reference]) == reference_key(b[reference]);
  }
  const json& name = member(a, "name");
  return name.is_string() && name == member(b, "name");
}

const json& find_entry(const json& list, const json& wanted) {
  if (!list.is_array()) return kNull;
  for (const json& entry : list) {
    if (same_entry(entry, wanted)) return entry;
  }
  return kNull;
}

const json& find_condition(const json& conditions, const json& wanted) {
  if (!conditions.is_array()) return kNull;
  for (const json& condition : conditions) {
    if (member(condition, "type").is_string() &&
        member(condition, "type") == member(wanted, "type")) {
      return condition;
    }
  }
  return kNull;
}

json stamp_condition(json condition, const json& before, std::string_view now) {
  const std::string kept = text_of(before, kTransitionTime);
  const bool same = !kept.empty() && member(before, "status") == member(condition, "status");
  condition[kTransitionTime] = same ? kept : std::string(now);
  return condition;
}

/// Conditions in the order that they have, new ones behind: another order is no change.
json stamp_conditions(const json& desired, const json& current, std::string_view now) {
  json out = json::array();
  if (current.is_array()) {
    for (const json& before : current) {
      const json& wanted = find_condition(desired, before);
      if (wanted.is_object()) out.push_back(stamp_condition(wanted, before, now));
    }
  }
  for (const json& wanted : desired) {
    if (!wanted.is_object() || find_condition(out, wanted).is_object()) continue;
    out.push_back(stamp_condition(wanted, kNull, now));
  }
  return out;
}

json stamp(const json& desired, const json& current, std::string_view now) {
  if (desired.is_array()) {
    json out = json::array();
    for (const json& entry : desired) out.push_back(stamp(entry, find_entry(current, entry), now));
    return out;
  }
  if (!desired.is_object()) return desired;
  json out = json::object();
  const char* reference = reference_of(desired);
  for (const auto& [name, value] : desired.items()) {
    if (name == "conditions" && value.is_array()) {
      out[name] = stamp_conditions(value, member(current, "conditions"), now);
    } else if (reference != nullptr && name == reference && current.is_object()) {
      out[name] = current[reference];  // the same, with the defaults that the server added
    } else {
      out[name] = stamp(value, member(current, name.c_str()), now);
    }
  }
  return out;
}

bool owned(const json& entry, const std::vector<std::string>& controller_names) {
  return std::find(controller_names.begin(), controller_names.end(),
                   text_of(entry, "controllerName")) != controller_names.end();
}

json merge_list(const json& current, const json& desired,
                const std::vector<std::string>& controller_names, std::string_view now,
                std::size_t max_entries) {
  json out = json::array();
  if (current.is_array()) {
    for (const json& entry : current) {
      if (!owned(entry, controller_names)) {
        out.push_back(entry);
        continue;
      }
      const json& wanted = find_entry(desired, entry);
      if (wanted.is_object() && !find_entry(out, wanted).is_object()) {
        out.push_back(stamp(wanted, entry, now));
      }
    }
  }
  if (!desired.is_array()) return out;
  for (const json& wanted : desired) {
    if (out.size() >= max_entries) break;
    if (!find_entry(out, wanted).is_object()) out.push_back(stamp(wanted, kNull, now));
  }
  return out;
}

void compare_conditions(const json& from, const json& to, std::vector<Transition>& out) {
  if (!to.is_array()) return;
  for (const json& condition : to) {
    const json& before = find_condition(from, condition);
    if (member(before, "status") == member(condition, "status")) continue;
    Transition transition;
    transition.type = text_of(condition, "type");
    transition.old_status = text_of(before, "status");
    transition.new_status = text_of(condition, "status");
    transition.reason = text_of(condition, "reason");
    transition.message = text_of(condition, "message");
    out.push_back(std::move(transition));
  }
}

void compare(const json& from, const json& to, const std::vector<std::string>& controller_names,
             std::vector<Transition>& out) {
  if (to.is_array()) {
    for (const json& entry : to) {
      if (reference_of(entry) != nullptr && !owned(entry, controller_names)) continue;
      compare(find_entry(from, entry), entry, controller_names, out);
    }
    return;
  }
  if (!to.is_object()) return;
  for (const auto& [name, value] : to.items()) {
    const json& before = member(from, name.c_str());
    if (name == "conditions") {
      compare_conditions(before, value, out);
    } else {
      compare(before, value, controller_names, out);
    }
  }
}

}  // namespace

json merge_status(const json& current, const json& desired, Ownership ownership,
                  const std::vector<std::string>& controller_names, std::string_view now,
                  std::size_t max_entries) {
  if (ownership == Ownership::kWhole) return stamp(desired, current, now);
  const char* list = ownership == Ownership::kParents ? "parents" : "ancestors";
  json entries =
      merge_list(member(current, list), member(desired, list), controller_names, now, max_entries);
  json out = current.is_object() ? current : json::object();
  if (entries.empty() && !out.contains(list)) return current;
  out[list] = std::move(entries);
  return out;
}

json merge_patch_between(const json& from, const json& to) {
  if (!from.is_object() || !to.is_object()) return to;
  json patch = json::object();
  for (const auto& [name, value] : from.items()) {
    if (!to.contains(name)) patch[name] = nullptr;
  }
  for (const auto& [name, value] : to.items()) {
    const auto before = from.find(name);
    if (before == from.end()) {
      patch[name] = value;
    } else if (*before != value) {
      patch[name] = merge_patch_between(*before, value);
    }
  }
  return patch;
}

std::vector<Transition> transitions_between(const json& from, const json& to,
                                            const std::vector<std::string>& controller_names) {
  std::vector<Transition> out;
  compare(from, to, controller_names, out);
  return out;
}

}  // namespace tollgate::controller::kube::write
