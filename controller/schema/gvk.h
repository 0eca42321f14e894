#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace tollgate::controller::schema {

/// Group, version and kind of an object. The group of core kinds is empty.
struct Gvk {
  std::string group;
  std::string version;
  std::string kind;

  friend auto operator<=>(const Gvk&, const Gvk&) = default;
};

/// From "group/version" or "version", and the kind.
Gvk make_gvk(std::string_view api_version, std::string_view kind);

/// "group/version", or "version" for core kinds.
std::string api_version(const Gvk& gvk);

}  // namespace tollgate::controller::schema
