#include "controller/schema/path.h"

#include <algorithm>

#include "controller/schema/gvk.h"
#include "controller/schema/issue.h"
#include "controller/schema/passes.h"

namespace tollgate::controller::schema {

std::string Path::text() const {
  std::string out = parent == nullptr ? std::string() : parent->text();
  if (is_index) return out + "[" + std::to_string(index) + "]";
  if (key.empty()) return out;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (!std::all_of(key.begin(), key.end(), is_word)) return out + "[" + std::string(key) + "]";
  if (!out.empty()) out += '.';
  return out + std::string(key);
}

void add_issue(std::vector<Issue>& issues, const Path& path, std::string message) {
  if (issues.size() > kMaxIssues) return;
  if (issues.size() == kMaxIssues) {
    issues.push_back({{}, "there are more, which are not shown"});
  } else {
    issues.push_back({path.text(), std::move(message)});
  }
}

std::string describe(const Issue& issue) {
  if (issue.message == kUnknownField) return "unknown field \"" + issue.path + "\" is ignored";
  return issue.path.empty() ? issue.message : issue.path + ": " + issue.message;
}

Gvk make_gvk(std::string_view api_version, std::string_view kind) {
  const std::size_t slash = api_version.find('/');
  if (slash == api_version.npos) return {{}, std::string(api_version), std::string(kind)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)),
          std::string(kind)};
}

std::string api_version(const Gvk& gvk) {
  return gvk.group.empty() ? gvk.version : gvk.group + "/" + gvk.version;
}

}  // namespace tollgate::controller::schema
