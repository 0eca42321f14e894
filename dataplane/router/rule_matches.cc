#include "dataplane/router/rule_matches.h"

#include <re2/re2.h>

#include <utility>

#include "dataplane/base/arena.h"
#include "dataplane/catalog/regex_check.h"
#include "dataplane/http/path.h"
#include "dataplane/http/query.h"

namespace tollgate::dataplane::router {

using snapshot::MatchType;

struct Regex::Impl {
  RE2 expression;
};

namespace {

RE2::Options regex_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(catalog::kMaxRegexMemoryBytes);
  return options;
}

std::string normal_path(std::string_view raw) {
  base::Arena arena;
  const auto normal = http::normalize_path(raw, {}, arena);
  return std::string(normal ? normal->path : raw);
}

std::vector<std::unique_ptr<Regex>> compile_all(const std::vector<snapshot::ValueMatch>& matches) {
  std::vector<std::unique_ptr<Regex>> regexes(matches.size());
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].type == MatchType::kRegex) {
      regexes[i] = std::make_unique<Regex>(matches[i].value);
    }
  }
  return regexes;
}

CompiledMatch compile(const snapshot::Match& match) {
  CompiledMatch compiled;
  compiled.value = &match;
  compiled.path_type = match.path.type;
  if (match.path.type == MatchType::kRegex) {
    compiled.path_regex = std::make_unique<Regex>(match.path.value);
  } else {
    compiled.path = normal_path(match.path.value);
    const bool prefix = match.path.type == MatchType::kPrefix;
    while (prefix && compiled.path.ends_with('/')) compiled.path.pop_back();
  }
  compiled.header_regexes = compile_all(match.headers);
  compiled.query_regexes = compile_all(match.query);
  for (const snapshot::ValueMatch& header : match.headers) {
    if (header.type == MatchType::kExact && header.name == kModelHeader) {
      compiled.model = &header.value;
      break;
    }
  }
  return compiled;
}

bool path_accepts(const CompiledMatch& match, std::string_view path) {
  switch (match.path_type) {
    case MatchType::kExact:
      return path == match.path;
    case MatchType::kPrefix:
      return path.starts_with(match.path) &&
             (path.size() == match.path.size() || path[match.path.size()] == '/');
    case MatchType::kRegex:
      return match.path_regex->matches(path);
  }
  return false;
}

bool value_accepts(const snapshot::ValueMatch& wanted, const Regex* regex, std::string_view value) {
  return regex != nullptr ? regex->matches(value) : value == wanted.value;
}

}  // namespace

Regex::Regex(const std::string& pattern) : impl_(new Impl{RE2(pattern, regex_options())}) {}
Regex::~Regex() = default;

bool Regex::matches(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), impl_->expression);
}

bool CompiledMatch::accepts(const RequestView& request) const {
  if (!value->method.empty() && value->method != request.method) return false;
  if (!path_accepts(*this, request.path)) return false;
  for (std::size_t i = 0; i < value->headers.size(); ++i) {
    bool found = false;
    const std::string_view text = request.header(value->headers[i].name, found);
    if (!found || !value_accepts(value->headers[i], header_regexes[i].get(), text)) return false;
  }
  for (std::size_t i = 0; i < value->query.size(); ++i) {
    const auto text = http::find_query_param(request.query, value->query[i].name, *request.arena);
    if (!text || !value_accepts(value->query[i], query_regexes[i].get(), *text)) return false;
  }
  return true;
}

RuleMatches::RuleMatches(std::shared_ptr<const snapshot::RuleNode> node) : rule(std::move(node)) {
  matches.reserve(rule->value.matches.size());
  for (const snapshot::Match& match : rule->value.matches) matches.push_back(compile(match));
}

}  // namespace tollgate::dataplane::router
