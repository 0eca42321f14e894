#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/write/status_writer.h"

namespace tollgate::controller::kube::write {

/// The status that a write must leave behind: `desired` merged into `current` (the live status, may
/// be null) as `ownership` says. lastTransitionTime is taken over from the current condition of the
/// same place, type and status, else it is `now` (RFC 3339). Entries of others stay byte for byte
/// and in order. Equal to `current` if there is nothing to write.
nlohmann::json merge_status(const nlohmann::json& current, const nlohmann::json& desired,
                            Ownership ownership, const std::vector<std::string>& controller_names,
                            std::string_view now, std::size_t max_entries);

/// The JSON merge patch (RFC 7396) that turns `from` into `to`.
nlohmann::json merge_patch_between(const nlohmann::json& from, const nlohmann::json& to);

/// The conditions whose status differs between two statuses, of all condition lists in them that
/// `controller_names` owns. The object's identity is left empty.
std::vector<Transition> transitions_between(const nlohmann::json& from, const nlohmann::json& to,
                                            const std::vector<std::string>& controller_names);

}  // namespace tollgate::controller::kube::write
