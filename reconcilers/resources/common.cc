#include "reconcilers/resources/common.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dataplane/base/text.h"
#include "dataplane/catalog/regex_check.h"
#include "reconcilers/resources/scalars.h"

namespace tollgate::reconcilers::resources {

bool is_header_name(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

namespace {

/// What a header can carry as written (RFC 9110 section 5.5).
bool is_header_value(std::string_view text) {
  const bool clean = std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
  return clean && base::trim(text).size() == text.size();
}

std::vector<std::pair<std::string, std::string>> read_pairs(const View& list) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const View& item : list.items()) {
    const auto name = item["name"].text();
    const auto value = item["value"].text();
    if (!name || !is_header_name(*name) || !value || !is_header_value(*value)) {
      item.report("needs the name of a header and a value that one can have");
      continue;
    }
    const bool repeated = std::any_of(out.begin(), out.end(), [&name](const auto& other) {
      return base::equals_ignore_case(other.first, *name);
    });
    if (!repeated) out.emplace_back(*name, *value);
  }
  return out;
}

}  // namespace

std::optional<std::chrono::milliseconds> read_duration(const View& view) {
  const auto text = view.text();
  if (!text) return std::nullopt;
  const auto value = parse_duration(*text);
  if (!value) view.report("'" + *text + "' is no duration such as 10s or 1m30s");
  return value;
}

Meta read_meta(const Object& object) {
  Meta meta;
  meta.id = object.id;
  const View root(*object.document, "", meta.problems);
  const std::string api_version = root["apiVersion"].text_or("");
  meta.version = api_version.substr(api_version.find('/') + 1);
  const View metadata = root["metadata"];
  meta.generation = metadata["generation"].integer(0).value_or(0);
  if (const auto created = metadata["creationTimestamp"].text()) {
    const auto time = parse_time(*created);
    if (!time) metadata["creationTimestamp"].report("'" + *created + "' is no RFC 3339 time");
    meta.created_unix_s = time.value_or(0);
  }
  return meta;
}

std::optional<std::uint16_t> read_port(const View& view) {
  const auto port = view.integer(1, 65'535);
  if (!port) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

ObjectRef read_object_ref(const View& view, std::string_view default_group,
                          std::string_view default_kind) {
  ObjectRef ref;
  ref.group = view["group"].text_or(default_group);
  ref.kind = view["kind"].text_or(default_kind);
  ref.namespace_ = view["namespace"].text_or("");
  ref.name = view["name"].text_or("");
  ref.port = read_port(view["port"]);
  if (view.exists() && ref.name.empty()) view["name"].report("must be set");
  return ref;
}

std::vector<TargetRef> read_target_refs(const View& list) {
  std::vector<TargetRef> out;
  for (const View& item : list.items()) {
    TargetRef ref;
    ref.group = item["group"].text_or("");
    ref.kind = item["kind"].text_or("");
    ref.name = item["name"].text_or("");
    ref.section_name = item["sectionName"].text();
    if (ref.name.empty() || ref.kind.empty()) {
      item.report("needs a kind and a name");
      continue;
    }
    out.push_back(std::move(ref));
  }
  return out;
}

std::vector<TargetRef> read_all_target_refs(const View& spec) {
  std::vector<TargetRef> targets = read_target_refs(spec["targetRefs"]);
  const View old = spec["targetRef"];
  if (old.exists()) {
    targets.push_back({old["group"].text_or(""), old["kind"].text_or(""), old["name"].text_or(""),
                       old["sectionName"].text()});
  }
  return targets;
}

model::ParentRef read_parent_ref(const View& view) {
  model::ParentRef ref;
  ref.group = view["group"].text();
  ref.kind = view["kind"].text();
  ref.namespace_ = view["namespace"].text();
  ref.name = view["name"].text_or("");
  ref.section_name = view["sectionName"].text();
  ref.port = view["port"].integer(1, 65'535);
  if (ref.name.empty()) view["name"].report("must be set");
  return ref;
}

LabelSelector read_label_selector(const View& view) {
  LabelSelector selector;
  selector.labels = view["matchLabels"].text_map();
  for (const View& item : view["matchExpressions"].items()) {
    selector.expressions.push_back(
        {item["key"].text_or(""), item["operator"].text_or(""), item["values"].texts()});
    const std::string& op = selector.expressions.back().op;
    if (op != "In" && op != "NotIn" && op != "Exists" && op != "DoesNotExist") {
      item["operator"].report("'" + op + "' is none of In, NotIn, Exists, DoesNotExist");
    }
  }
  return selector;
}

std::vector<TargetSelector> read_target_selectors(const View& list) {
  std::vector<TargetSelector> out;
  for (const View& item : list.items()) {
    const View from = item["namespaces"]["from"];
    if (from.text_or("Same") != "Same") {
      from.report("'" + from.text_or("") +
                  "' is not served by this version, only Same: objects of the policy's own "
                  "namespace are selected");
    }
    out.push_back({item["group"].text_or(kGatewayGroup), item["kind"].text_or(""),
                   read_label_selector(item)});
  }
  return out;
}

bool selects(const LabelSelector& selector, const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : selector.labels) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  for (const LabelSelector::Expression& expression : selector.expressions) {
    const auto found = labels.find(expression.key);
    const bool there = found != labels.end();
    const bool listed = there && std::find(expression.values.begin(), expression.values.end(),
                                           found->second) != expression.values.end();
    if (expression.op == "In" && !listed) return false;
    if (expression.op == "NotIn" && listed) return false;
    if (expression.op == "Exists" && !there) return false;
    if (expression.op == "DoesNotExist" && there) return false;
  }
  return true;
}

model::HeaderEdit read_header_edit(const View& view) {
  model::HeaderEdit edit;
  edit.set = read_pairs(view["set"]);
  edit.add = read_pairs(view["add"]);
  for (const View& item : view["remove"].items()) {
    const std::string name = item.text_or("");
    if (is_header_name(name)) {
      edit.remove.push_back(name);
    } else {
      item.report("'" + name + "' is no name of a header");
    }
  }
  return edit;
}

model::HeaderEdit read_header_mutation(const View& view, std::vector<std::string>& ignored) {
  model::HeaderEdit edit = read_header_edit(view);
  const auto internal = [&](const std::string& name) {
    const std::string lower = base::to_lower(name);
    const bool ours = lower.starts_with("x-ai-eg-") || lower == "x-envoy-original-path";
    if (ours) ignored.push_back(view.path() + " of " + name);
    return ours;
  };
  std::erase_if(edit.set, [&internal](const auto& pair) { return internal(pair.first); });
  std::erase_if(edit.remove, internal);
  return edit;
}

model::BodyEdit read_body_mutation(const View& view) {
  model::BodyEdit edit;
  for (const View& item : view["set"].items()) {
    const std::string path = item["path"].text_or("");
    std::string value = item["value"].text_or("");
    if (path.empty()) {
      item.report("has no path");
      continue;
    }
    if (!nlohmann::json::accept(value)) {
      value = nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    edit.set.emplace_back(path, std::move(value));
  }
  for (const View& item : view["remove"].items()) edit.remove.push_back(item.text_or(""));
  return edit;
}

std::vector<model::ValueMatch> read_value_matches(const View& list, bool headers) {
  std::vector<model::ValueMatch> out;
  for (const View& item : list.items()) {
    model::ValueMatch match;
    const std::string type = item["type"].text_or("Exact");
    match.name = item["name"].text_or("");
    if (headers) match.name = base::to_lower(match.name);
    match.value = item["value"].text_or("");
    if (type == "RegularExpression") {
      match.type = model::MatchType::kRegex;
      if (const auto status = dataplane::catalog::check_regex(match.value); !status) {
        item["value"].report(status.error().detail);
      }
    } else if (type != "Exact") {
      item["type"].report("'" + type + "' is neither Exact nor RegularExpression");
    }
    if (headers ? !is_header_name(match.name) : match.name.empty()) {
      item["name"].report("must be the name of a " + std::string(headers ? "header" : "parameter"));
    }
    const bool repeated = std::any_of(
        out.begin(), out.end(), [&match](const auto& other) { return other.name == match.name; });
    if (!repeated) out.push_back(std::move(match));
  }
  return out;
}

model::Timeouts read_timeouts(const View& view) {
  model::Timeouts timeouts;
  timeouts.request = read_duration(view["request"]);
  timeouts.backend_request = read_duration(view["backendRequest"]);
  const bool longer = timeouts.request && timeouts.backend_request &&
                      timeouts.request->count() != 0 &&
                      *timeouts.backend_request > *timeouts.request;
  if (longer) view["backendRequest"].report("must not be longer than request");
  return timeouts;
}

}  // namespace tollgate::reconcilers::resources
