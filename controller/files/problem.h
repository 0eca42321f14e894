#pragma once

#include <string>

namespace tollgate::controller::files {

/// Something about a manifest, for people.
struct Problem {
  std::string file;
  int line = 0;        // counted from 1; 0 = the whole file
  int column = 0;      // counted from 1; 0 = unknown
  std::string object;  // "AIGatewayRoute default/chat", empty where it is not known
  std::string message;

  /// "FILE:LINE:COLUMN: MESSAGE" without the parts that are not known.
  std::string text() const;
};

}  // namespace tollgate::controller::files
