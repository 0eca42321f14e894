#include "dataplane/catalog/regex_check.h"

#include <re2/re2.h>

#include <string>

namespace tollgate::dataplane::catalog {

base::Status check_regex(std::string_view pattern) {
  if (pattern.size() > kMaxRegexBytes) {
    return base::config_error(base::Code::kLimitExceeded,
                              "the regular expression is " + std::to_string(pattern.size()) +
                                  " bytes long; " + std::to_string(kMaxRegexBytes) +
                                  " are allowed");
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemoryBytes);
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (compiled.ok()) {
    return {};
  }
  if (compiled.error_code() == RE2::ErrorPatternTooLarge) {
    return base::config_error(base::Code::kLimitExceeded,
                              "the regular expression compiles to more than " +
                                  std::to_string(kMaxRegexMemoryBytes) + " bytes");
  }
  std::string detail = "the regular expression does not compile: " + compiled.error();
  if (!compiled.error_arg().empty()) {
    detail += " near '" + compiled.error_arg() + "'";
  }
  return base::config_error(base::Code::kInvalidArgument, std::move(detail));
}

}  // namespace tollgate::dataplane::catalog
