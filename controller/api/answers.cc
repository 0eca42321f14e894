#include "controller/api/answers.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/schema/gvk.h"
#include "controller/schema/time.h"

namespace tollgate::controller::api {

namespace base = dataplane::base;
using nlohmann::json;
using rest::Outcome;

namespace {

constexpr std::array<std::string_view, 17> kShownFields{
    "/metadata/namespace",
    "/metadata/name",
    "/metadata/creationTimestamp",
    "/metadata/generation",
    "/spec/controllerName",
    "/spec/description",
    "/spec/gatewayClassName",
    "/spec/hostnames",
    "/spec/schema/name",
    "/spec/type",
    "/spec/clusterIP",
    "/status",
    "/type",
    "/addressType",
    "/ports",
    "/endpoints",
    "/kind",
};
/// What stands for the namespace of an object that has none.
constexpr std::string_view kNoNamespace = "-";

std::string text_at(const json& object, const char* pointer) {
  const json::json_pointer at(pointer);
  if (!object.contains(at) || !object[at].is_string()) return {};
  return object[at].get<std::string>();
}

std::string ref_text(const json& ref) {
  if (!ref.is_object()) return {};
  const std::string section = text_at(ref, "/sectionName");
  std::string kind = text_at(ref, "/kind");
  if (kind.empty()) kind = "Gateway";
  return kind + " " + text_at(ref, "/name") + (section.empty() ? "" : "/" + section);
}

/// Where a condition below a status holds: the parent, the ancestor or the listener.
std::string place_of(const json& entry) {
  for (const char* ref : {"parentRef", "ancestorRef"}) {
    if (entry.contains(ref)) return ref_text(entry[ref]);
  }
  return "listener " + text_at(entry, "/name");
}

void add_conditions(const json& owner, const std::string& place, json& out) {
  if (!owner.is_object() || !owner.contains("conditions") || !owner["conditions"].is_array()) {
    return;
  }
  for (const json& condition : owner["conditions"]) {
    if (!condition.is_object()) continue;
    json shown = condition;
    if (!place.empty()) shown["for"] = place;
    out.push_back(std::move(shown));
  }
}

json conditions_of(const json& status) {
  json out = json::array();
  add_conditions(status, "", out);
  for (const char* list : {"parents", "ancestors", "listeners"}) {
    if (!status.is_object() || !status.contains(list) || !status[list].is_array()) continue;
    for (const json& entry : status[list]) {
      if (entry.is_object()) add_conditions(entry, place_of(entry), out);
    }
  }
  return out;
}

/// Bytes that are no UTF-8 (a name in a path may hold them) do not make the answer fail.
std::string dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Outcome list_of(json items) {
  return {200, dump({{"kind", "List"}, {"items", std::move(items)}})};
}

const schema::Kind* kind_of(const schema::Registry& registry, const json& object) {
  const auto gvk = schema::make_gvk(text_at(object, "/apiVersion"), text_at(object, "/kind"));
  return registry.find(gvk.group, gvk.kind);
}

Outcome one_object(const std::vector<const ObjectView*>& members, const std::string& ns,
                   const std::string& name, base::WallTime now) {
  const std::string wanted = ns == kNoNamespace ? std::string() : ns;
  for (const ObjectView* member : members) {
    if (text_at(*member->object, "/metadata/name") == name &&
        text_at(*member->object, "/metadata/namespace") == wanted) {
      return {200, dump(object_item(*member, now))};
    }
  }
  return refusal(404, "there is no such object");
}

Outcome objects(const schema::Registry& registry, const View& view,
                std::span<const std::string> path, base::WallTime now) {
  const schema::Kind* kind = nullptr;
  if (!path.empty()) {
    kind = registry.find_by_name(path[0]);
    if (kind == nullptr) return refusal(404, "no kind is called '" + path[0] + "'");
  }
  std::vector<const ObjectView*> members;
  for (const ObjectView& object : view.objects) {
    if (object.object == nullptr) continue;
    const schema::Kind* known = kind_of(registry, *object.object);
    if (known != nullptr && (kind == nullptr || known == kind)) members.push_back(&object);
  }
  if (path.size() == 3) return one_object(members, path[1], path[2], now);
  json items = json::array();
  for (const ObjectView* member : members) items.push_back(object_item(*member, now));
  return list_of(std::move(items));
}

}  // namespace

std::span<const std::string_view> shown_fields() {
  return kShownFields;
}

json object_item(const ObjectView& view, base::WallTime now) {
  const json& object = *view.object;
  json item = {{"apiVersion", text_at(object, "/apiVersion")}};
  for (const std::string_view field : kShownFields) {
    const json::json_pointer at{std::string(field)};
    if (object.contains(at)) item[at] = object[at];
  }
  if (view.status != nullptr) item["status"] = *view.status;
  if (!view.created.empty()) item["metadata"]["creationTimestamp"] = view.created;
  item["name"] = text_at(object, "/metadata/name");
  item["namespace"] = text_at(object, "/metadata/namespace");
  const auto created = schema::parse_rfc3339(text_at(item, "/metadata/creationTimestamp"));
  item["age"] = created ? schema::human_duration(now - *created) : "<unknown>";
  item["conditions"] =
      item.contains("status") ? conditions_of(item["status"]) : json(json::array());
  return item;
}

json gateway_item(const GatewayView& view) {
  json item = {{"gateway", view.gateway},
               {"revision", view.revision},
               {"listeners", json::array()},
               {"proxies", json::array()}};
  for (const ListenerView& listener : view.listeners) {
    item["listeners"].push_back({{"name", listener.name},
                                 {"hostname", listener.hostname},
                                 {"port", listener.port},
                                 {"boundPort", listener.bind_port},
                                 {"accepted", listener.accepted}});
  }
  for (const ProxyView& proxy : view.proxies) {
    item["proxies"].push_back({{"instance", proxy.instance},
                               {"ready", proxy.ready},
                               {"silent", proxy.silent},
                               {"acknowledged", proxy.acknowledged},
                               {"refused", proxy.refused_revision}});
  }
  return item;
}

Outcome refusal(int status, std::string_view message) {
  return {status, dump({{"error", {{"status", status}, {"message", message}}}})};
}

Outcome answer(const schema::Registry& registry, const View& view,
               std::span<const std::string> path, base::WallTime now) {
  const bool ours = path.size() >= 3 && path[0] == "api" && path[1] == "v1";
  const std::span<const std::string> rest = ours ? path.subspan(3) : path;
  if (ours && path[2] == "objects" && (rest.size() <= 1 || rest.size() == 3)) {
    return objects(registry, view, rest, now);
  }
  if (ours && path[2] == "gateways" && rest.empty()) {
    json items = json::array();
    for (const GatewayView& gateway : view.gateways) items.push_back(gateway_item(gateway));
    return list_of(std::move(items));
  }
  return refusal(404, "there are /api/v1/objects[/KIND[/NAMESPACE/NAME]] and /api/v1/gateways");
}

}  // namespace tollgate::controller::api
