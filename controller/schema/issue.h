#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::controller::schema {

/// Something about one field of an object.
struct Issue {
  std::string path;  // "spec.rules[0].name"; empty for the object itself
  std::string message;
};

/// The message of a field that a schema does not know.
constexpr std::string_view kUnknownField = "unknown field is ignored";

/// For people: "PATH: MESSAGE", or `unknown field "PATH" is ignored`.
std::string describe(const Issue& issue);

/// Most issues of one sort that are reported for one object.
constexpr std::size_t kMaxIssues = 50;

/// What came of checking an object.
struct Checked {
  std::vector<Issue> errors;    // an API server would have refused the object
  std::vector<Issue> warnings;  // what was dropped, and what is deprecated
};

}  // namespace tollgate::controller::schema
