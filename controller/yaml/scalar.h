#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tollgate::controller::yaml {

/// How a scalar was written.
enum class Style { kPlain, kQuoted };

/// The JSON value of a YAML scalar, by the rules that kubectl applies, so that a manifest means the
/// same in a file and in a cluster: YAML 1.1 booleans (yes, no, on, off, y, n), integers in the
/// notations of Go (0x1F, 0o17, 017, 0b101, 1_000), floats that are whole numbers become integers,
/// timestamps stay strings. `tag` is a full tag ("tag:yaml.org,2002:str") or empty.
/// Returns an empty text, or what is wrong (infinite numbers, tags that are not known).
std::string resolve_scalar(Style style, std::string_view tag, const std::string& text,
                           nlohmann::json& out);

/// A floating-point number as JSON: an integer where it is one, as Go writes it.
nlohmann::json number(double value);

}  // namespace tollgate::controller::yaml
