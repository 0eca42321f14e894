#pragma once

#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/cel/tree.h"

namespace tollgate::dataplane::cel {

/// Parses within the limits of limits.h. Names and types are not looked at yet. An error's detail
/// begins with "LINE:COLUMN: ".
base::Result<Tree> parse(std::string_view source);

}  // namespace tollgate::dataplane::cel
