#include "reconcilers/resources/routes.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "dataplane/base/text.h"
#include "dataplane/catalog/regex_check.h"
#include "reconcilers/resources/limits.h"
#include "reconcilers/resources/scalars.h"

namespace tollgate::reconcilers::resources {

namespace {

constexpr std::int64_t kMaxWeight = 1'000'000;
constexpr std::string_view kDefaultOwner = "Envoy AI Gateway";

std::vector<std::string> read_hostnames(const View& list) {
  std::vector<std::string> out;
  for (const std::string& name : list.texts()) out.push_back(base::to_lower(name));
  return out;
}

std::vector<model::ParentRef> read_parents(const View& list) {
  std::vector<model::ParentRef> out;
  for (const View& parent : list.items()) out.push_back(read_parent_ref(parent));
  return out;
}

std::uint32_t read_weight(const View& view) {
  return static_cast<std::uint32_t>(view.integer(0, kMaxWeight).value_or(1));
}

void read_path(const View& view, model::Match& match) {
  if (!view.exists()) return;
  const std::string type = view["type"].text_or("PathPrefix");
  match.path = view["value"].text_or("/");
  if (type == "Exact") {
    match.path_type = model::MatchType::kExact;
  } else if (type == "RegularExpression") {
    match.path_type = model::MatchType::kRegex;
    if (const auto status = dataplane::catalog::check_regex(match.path); !status) {
      view["value"].report(status.error().detail);
    }
    return;
  } else if (type != "PathPrefix") {
    view["type"].report("'" + type + "' is none of Exact, PathPrefix, RegularExpression");
  }
  if (!match.path.starts_with('/')) view["value"].report("must start with '/'");
  const bool prefix = match.path_type == model::MatchType::kPrefix;
  while (prefix && match.path.size() > 1 && match.path.ends_with('/')) match.path.pop_back();
}

std::vector<model::Match> read_matches(const View& list) {
  std::vector<model::Match> out;
  for (const View& item : list.items()) {
    model::Match match;
    read_path(item["path"], match);
    match.method = item["method"].text_or("");
    match.headers = read_value_matches(item["headers"], true);
    match.query = read_value_matches(item["queryParams"], false);
    out.push_back(std::move(match));
  }
  if (out.empty()) out.emplace_back();
  return out;
}

/// A path to send clients to. What a URL escapes is escaped when it is sent; control characters
/// are nobody's intention.
std::string read_target_path(const View& view) {
  const std::string path = view.text_or("/");
  const bool printable = std::none_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == '\x7F';
  });
  if (!printable) view.report("holds a control character");
  return path;
}

model::Redirect read_redirect(const View& view) {
  model::Redirect redirect;
  redirect.scheme = view["scheme"].text_or("");
  redirect.hostname = base::to_lower(view["hostname"].text_or(""));
  redirect.port = read_port(view["port"]);
  redirect.status = static_cast<std::uint16_t>(view["statusCode"].integer(300, 399).value_or(302));
  const View path = view["path"];
  const std::string type = path["type"].text_or("");
  if (type == "ReplaceFullPath") {
    redirect.replace_full_path = read_target_path(path["replaceFullPath"]);
  } else if (type == "ReplacePrefixMatch") {
    redirect.replace_prefix = read_target_path(path["replacePrefixMatch"]);
  } else if (path.exists()) {
    path["type"].report("'" + type + "' is neither ReplaceFullPath nor ReplacePrefixMatch");
  }
  return redirect;
}

std::vector<Filter> read_filters(const View& list) {
  std::vector<Filter> out;
  for (const View& item : list.items()) {
    Filter filter;
    filter.type = item["type"].text_or("");
    filter.path = item.path();
    if (filter.type == "RequestHeaderModifier") {
      filter.edit = read_header_edit(item["requestHeaderModifier"]);
    } else if (filter.type == "ResponseHeaderModifier") {
      filter.edit = read_header_edit(item["responseHeaderModifier"]);
    } else if (filter.type == "RequestRedirect") {
      filter.redirect = read_redirect(item["requestRedirect"]);
    }
    out.push_back(std::move(filter));
  }
  return out;
}

HttpRule read_http_rule(const View& view) {
  HttpRule rule;
  rule.name = view["name"].text_or("");
  rule.matches = read_matches(view["matches"]);
  rule.filters = read_filters(view["filters"]);
  rule.timeouts = read_timeouts(view["timeouts"]);
  for (const View& item : view["backendRefs"].items()) {
    HttpBackendRef backend;
    backend.ref = read_object_ref(item, "", "Service");
    backend.weight = read_weight(item["weight"]);
    backend.filters = read_filters(item["filters"]);
    backend.path = item.path();
    rule.backends.push_back(std::move(backend));
  }
  rule.ignored = other_fields(view, {"name", "matches", "filters", "backendRefs",
                                     "timeouts.request", "timeouts.backendRequest"});
  return rule;
}

AiRule read_ai_rule(const View& view, std::vector<std::string>& ignored) {
  AiRule rule;
  rule.name = view["name"].text_or("");
  rule.matches = read_matches(view["matches"]);
  rule.timeouts = read_timeouts(view["timeouts"]);
  rule.timeouts.stream_idle = read_duration(view["streamIdleTimeout"]);
  rule.models_owned_by = view["modelsOwnedBy"].text_or(kDefaultOwner);
  if (const auto created = view["modelsCreatedAt"].text()) {
    rule.models_created_unix_s = parse_time(*created);
    if (!rule.models_created_unix_s) view["modelsCreatedAt"].report("is no RFC 3339 time");
  }
  for (const View& item : view["backendRefs"].items()) {
    AiBackendRef backend;
    backend.ref = read_object_ref(item, kAiGroup, "AIServiceBackend");
    backend.weight = read_weight(item["weight"]);
    constexpr std::int64_t kMaxPriority = std::numeric_limits<std::uint32_t>::max();
    backend.priority =
        static_cast<std::uint32_t>(item["priority"].integer(0, kMaxPriority).value_or(0));
    backend.model_override = item["modelNameOverride"].text_or("");
    backend.headers = read_header_mutation(item["headerMutation"], ignored);
    backend.body = read_body_mutation(item["bodyMutation"]);
    backend.path = item.path();
    rule.backends.push_back(std::move(backend));
  }
  return rule;
}

/// Policies refer to a rule by its name: the last rule's must be the only one.
void check_rule_name(const View& view, const std::vector<AiRule>& rules) {
  const std::string& name = rules.back().name;
  if (name.empty()) return;
  if (name == "route-not-found") {
    view["name"].report("rule name route-not-found is reserved");
  }
  const auto same = [&name](const AiRule& rule) { return rule.name == name; };
  if (std::count_if(rules.begin(), rules.end(), same) > 1) {
    view["name"].report("Rule name must be unique within the route");
  }
}

StatusControllers read_status_controllers(const Object& object) {
  StatusControllers out;
  Problems of_status;
  const View root(*object.document, "", of_status);
  for (const View& parent : root["status"]["parents"].items()) {
    out.names.push_back(parent["controllerName"].text_or(""));
  }
  return out;
}

}  // namespace

HttpRoute read_http_route(const Object& object) {
  HttpRoute out;
  out.meta = read_meta(object);
  const View root(*object.document, "", out.meta.problems);
  const View spec = root["spec"];
  out.parents = read_parents(spec["parentRefs"]);
  out.hostnames = read_hostnames(spec["hostnames"]);
  for (const View& rule : spec["rules"].items()) out.rules.push_back(read_http_rule(rule));
  out.ignored = other_fields(spec, {"parentRefs", "hostnames", "rules"});
  out.status_controllers = read_status_controllers(object);
  return out;
}

AiGatewayRoute read_ai_gateway_route(const Object& object) {
  AiGatewayRoute out;
  out.meta = read_meta(object);
  const View spec = View(*object.document, "", out.meta.problems)["spec"];
  out.parents = read_parents(spec["parentRefs"]);
  out.hostnames = read_hostnames(spec["hostnames"]);
  out.ignored = other_fields(
      spec, {"parentRefs", "hostnames", "llmRequestCosts", "rules.name", "rules.matches",
             "rules.timeouts.request", "rules.timeouts.backendRequest", "rules.streamIdleTimeout",
             "rules.modelsOwnedBy", "rules.modelsCreatedAt", "rules.backendRefs.name",
             "rules.backendRefs.namespace", "rules.backendRefs.group", "rules.backendRefs.kind",
             "rules.backendRefs.modelNameOverride", "rules.backendRefs.weight",
             "rules.backendRefs.priority", "rules.backendRefs.headerMutation",
             "rules.backendRefs.bodyMutation"});
  for (const View& rule : spec["rules"].items()) {
    out.rules.push_back(read_ai_rule(rule, out.ignored));
    check_rule_name(rule, out.rules);
  }
  out.status_controllers = read_status_controllers(object);
  out.costs = read_costs(spec["llmRequestCosts"], out.cost_faults);
  return out;
}

}  // namespace tollgate::reconcilers::resources
