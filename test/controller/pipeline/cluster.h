#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "controller/pipeline/kinds.h"
#include "controller/pipeline/operator_core.h"
#include "dataplane/net/address.h"
#include "reconcilers/resources/kinds.h"
#include "test/support/manual_executor.h"
#include "test/support/scripted_api.h"

namespace tollgate::controller::pipeline::test {

using nlohmann::json;
using tollgate::test::ManualExecutor;
using tollgate::test::ScriptedApi;

/// An API server that serves all kinds that are read, with watches and status writes, in memory.
/// Everything else that is written is left unanswered unless `others` answers it.
class Cluster {
 public:
  Cluster() {
    for (const auto& kind : reconcilers::resources::all_kinds()) {
      types_.push_back(type_of(kind, std::string(kind.versions.front())));
    }
    types_.push_back({"apps", "v1", "Deployment", "deployments", true});
    api.handler = [this](const kube::Request& request) { return answer(request); };
  }

  /// Runs what is due, opening watches as they come.
  void run(std::chrono::milliseconds by = {}) {
    const auto step = [&] {
      executor.run();
      while (opened_ < api.watches.size()) open(opened_++);
      executor.run();
    };
    for (step(); by.count() > 0; by -= std::chrono::milliseconds(1)) {
      executor.advance(std::chrono::milliseconds(1));
      step();
    }
    while (opened_ < api.watches.size()) step();
  }

  /// Creates an object, or changes it.
  void put(json object) {
    const std::string path = path_of(object);
    const auto known = objects_.find(path);
    const bool fresh = known == objects_.end();
    json& metadata = object["metadata"];
    metadata["resourceVersion"] = std::to_string(++version_);
    metadata["uid"] = fresh ? "uid-" + std::to_string(version_) : known->second["metadata"]["uid"];
    if (!fresh && known->second.contains("status")) object["status"] = known->second["status"];
    objects_[path] = object;
    tell(fresh ? kube::WatchEventType::kAdded : kube::WatchEventType::kModified, path, object);
  }
  void remove(const json& object) {
    const std::string path = path_of(object);
    json last = std::move(objects_.at(path));
    objects_.erase(path);
    last["metadata"]["resourceVersion"] = std::to_string(++version_);
    tell(kube::WatchEventType::kDeleted, path, last);
  }
  [[nodiscard]] json status(const json& object) const {
    return objects_.at(path_of(object)).value("status", json());
  }
  /// Status writes that were carried out.
  int writes = 0;
  std::function<void()> on_write;  // called while one is under way
  std::function<std::optional<ScriptedApi::Answer>(const kube::Request&)> others;
  ManualExecutor executor;
  ScriptedApi api;

 private:
  [[nodiscard]] const kube::ResourceType& type_of_object(const json& object) const {
    return *std::find_if(types_.begin(), types_.end(), [&](const kube::ResourceType& type) {
      return type.kind == object["kind"].get<std::string>() &&
             object["apiVersion"].get<std::string>().starts_with(type.group);
    });
  }
  [[nodiscard]] std::string path_of(const json& object) const {
    const kube::ObjectKey key = kube::key_of(object);
    return kube::object_path({type_of_object(object), key.namespace_, key.name});
  }

  std::optional<ScriptedApi::Answer> answer(const kube::Request& request) {
    if (request.path == "/api" || request.path == "/apis") return discovery(request.path);
    if (request.verb == kube::Verb::kList) return list(request.path);
    std::string path = request.path;
    const std::size_t suffix = path.rfind("/status");
    if (request.verb != kube::Verb::kPatch || suffix == std::string::npos) {
      return others ? others(request) : std::nullopt;
    }
    path.resize(suffix);
    const auto found = objects_.find(path);
    if (found == objects_.end()) return ScriptedApi::fail(404, "NotFound");
    const json patch = json::parse(request.body);
    if (patch["metadata"]["resourceVersion"] != found->second["metadata"]["resourceVersion"]) {
      return ScriptedApi::fail(409, "Conflict");
    }
    ++writes;
    if (on_write) on_write();
    found->second.merge_patch(json{{"status", patch["status"]}});
    found->second["metadata"]["resourceVersion"] = std::to_string(++version_);
    tell(kube::WatchEventType::kModified, path, found->second);
    return ScriptedApi::ok(found->second);
  }

  [[nodiscard]] ScriptedApi::Answer discovery(const std::string& root) const {
    std::map<std::string, json> groups;
    for (const kube::ResourceType& type : types_) {
      if (type.group.empty() != (root == "/api")) continue;
      json& group = groups[type.group];
      if (group.is_null()) {
        group = {{"metadata", {{"name", type.group}}}, {"versions", json::array()}};
      }
      json resource = {{"resource", type.plural},
                       {"responseKind", {{"kind", type.kind}}},
                       {"scope", type.namespaced ? "Namespaced" : "Cluster"},
                       {"verbs", {"list", "watch"}}};
      group["versions"].push_back({{"version", type.version}, {"resources", {resource}}});
    }
    json items = json::array();
    for (auto& [name, group] : groups) items.push_back(std::move(group));
    return ScriptedApi::ok({{"kind", "APIGroupDiscoveryList"}, {"items", std::move(items)}});
  }

  [[nodiscard]] ScriptedApi::Answer list(const std::string& collection) const {
    json items = json::array();
    for (const auto& [path, object] : objects_) {
      if (is_of(path, collection)) items.push_back(object);
    }
    return ScriptedApi::ok({{"kind", "List"},
                            {"metadata", {{"resourceVersion", std::to_string(version_)}}},
                            {"items", std::move(items)}});
  }

  static bool is_of(const std::string& path, const std::string& collection) {
    const std::string name = path.substr(path.rfind('/') + 1);
    const std::string plural = collection.substr(collection.rfind('/') + 1);
    return path.find("/" + plural + "/" + name) != std::string::npos &&
           path.starts_with(collection.substr(0, collection.rfind('/')));
  }

  void open(std::size_t index) {
    const auto on_events = api.watches[index].on_events;
    on_events({});
    const auto& query = api.watches[index].request.query;
    const auto initial = [](const auto& part) { return part.first == "sendInitialEvents"; };
    if (std::none_of(query.begin(), query.end(), initial)) return;
    std::vector<kube::WatchEvent> events;
    const std::string collection = api.watches[index].request.path;
    for (const auto& [path, object] : objects_) {
      if (!is_of(path, collection)) continue;
      events.push_back({kube::WatchEventType::kAdded, std::make_shared<json>(object)});
    }
    const json end = {{"metadata",
                       {{"resourceVersion", std::to_string(version_)},
                        {"annotations", {{"k8s.io/initial-events-end", "true"}}}}}};
    events.push_back({kube::WatchEventType::kBookmark, std::make_shared<json>(end)});
    on_events(std::move(events));
  }

  void tell(kube::WatchEventType type, const std::string& path, const json& object) {
    for (std::size_t i = 0; i < opened_; ++i) {
      const auto& watch = api.watches[i];
      if (!*watch.live || !is_of(path, watch.request.path)) continue;
      executor.post([on_events = watch.on_events, live = watch.live, type, object] {
        if (*live) on_events({{type, std::make_shared<json>(object)}});
      });
    }
  }

  std::vector<kube::ResourceType> types_;
  std::map<std::string, json> objects_;  // by path
  int version_ = 100;
  std::size_t opened_ = 0;
};

}  // namespace tollgate::controller::pipeline::test
