#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/router/request_view.h"
#include "dataplane/snapshot/compiled.h"

namespace tollgate::dataplane::router {

/// A compiled regular expression that has to match a whole text.
class Regex {
 public:
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One Match ready to be tried. Refers to the rule's own texts.
struct CompiledMatch {
  const snapshot::Match* value = nullptr;
  snapshot::MatchType path_type = snapshot::MatchType::kPrefix;
  std::string path;  // normalised; a prefix has no '/' at its end
  std::unique_ptr<Regex> path_regex;
  std::vector<std::unique_ptr<Regex>> header_regexes;  // by position; null for exact ones
  std::vector<std::unique_ptr<Regex>> query_regexes;
  /// The exact value wanted of kModelHeader; nullptr if any or no model will do.
  const std::string* model = nullptr;

  /// All conditions together.
  [[nodiscard]] bool accepts(const RequestView& request) const;
};

/// A rule and its compiled matches; shared by all tables that hold the rule.
struct RuleMatches {
  explicit RuleMatches(std::shared_ptr<const snapshot::RuleNode> node);

  std::shared_ptr<const snapshot::RuleNode> rule;
  std::vector<CompiledMatch> matches;
};

}  // namespace tollgate::dataplane::router
