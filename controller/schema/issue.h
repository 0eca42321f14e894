#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tollgate::controller::schema {

/// Something about one field of an object, for people: "PATH: MESSAGE".
struct Issue {
  std::string path;  // "spec.rules[0].name"; empty for the object itself
  std::string message;
};

/// Most issues of one sort that are reported for one object.
constexpr std::size_t kMaxIssues = 50;

/// What came of checking an object.
struct Checked {
  std::vector<Issue> errors;    // an API server would have refused the object
  std::vector<Issue> warnings;  // what was dropped, and what is deprecated
};

}  // namespace tollgate::controller::schema
