#include "controller/kube/write/status_merge.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace tollgate::controller::kube::write {

namespace {

using nlohmann::json;

constexpr const char* kTransitionTime = "lastTransitionTime";

const json kNull;

const json& at(const json& object, const char* name) {
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string text(const json& object, const char* name) {
  const json& value = at(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string text_or(const json& object, const char* name, const char* otherwise) {
  const json& value = at(object, name);
  return value.is_string() ? value.get<std::string>() : std::string(otherwise);
}

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
  return json::array({text_or(reference, "group", "gateway.networking.k8s.io"),
                      text_or(reference, "kind", "Gateway"), at(reference, "namespace"),
                      at(reference, "name"), at(reference, "sectionName"), at(reference, "port")});
}

bool same_entry(const json& a, const json& b) {
  const char* reference = reference_of(a);
  if (reference != nullptr && reference == reference_of(b)) {
    return at(a, "controllerName") == at(b, "controllerName") &&
           reference_key(a[reference]) == reference_key(b[reference]);
  }
  const json& name = at(a, "name");
  return name.is_string() && name == at(b, "name");
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
    if (at(condition, "type").is_string() && at(condition, "type") == at(wanted, "type")) {
      return condition;
    }
  }
  return kNull;
}

json stamp_condition(json condition, const json& before, std::string_view now) {
  const std::string kept = text(before, kTransitionTime);
  const bool same = !kept.empty() && at(before, "status") == at(condition, "status");
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
      out[name] = stamp_conditions(value, at(current, "conditions"), now);
    } else if (reference != nullptr && name == reference && current.is_object()) {
      out[name] = current[reference];  // the same, with the defaults that the server added
    } else {
      out[name] = stamp(value, at(current, name.c_str()), now);
    }
  }
  return out;
}

bool owned(const json& entry, const std::vector<std::string>& controller_names) {
  return std::find(controller_names.begin(), controller_names.end(),
                   text(entry, "controllerName")) != controller_names.end();
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
    if (at(before, "status") == at(condition, "status")) continue;
    Transition transition;
    transition.type = text(condition, "type");
    transition.old_status = text(before, "status");
    transition.new_status = text(condition, "status");
    transition.reason = text(condition, "reason");
    transition.message = text(condition, "message");
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
    const json& before = at(from, name.c_str());
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
      merge_list(at(current, list), at(desired, list), controller_names, now, max_entries);
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
