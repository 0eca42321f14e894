#include "controller/kube/cache/store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace tollgate::controller::kube::cache {

namespace {

bool same_document(const nlohmann::json& a, const nlohmann::json& b) {
  const std::string_view version = resource_version_of(a);
  if (version.empty() || version != resource_version_of(b)) return a == b;
  return metadata_string(a, "uid") == metadata_string(b, "uid");
}

}  // namespace

bool Store::put(const ObjectKey& key, JsonPtr object) {
  const auto [position, inserted] = objects_.try_emplace(key, object);
  if (!inserted) {
    if (same_document(*position->second, *object)) return false;
    position->second = std::move(object);
  }
  changed_.insert(key);
  return true;
}

bool Store::erase(const ObjectKey& key) {
  if (objects_.erase(key) == 0) return false;
  changed_.insert(key);
  return true;
}

JsonPtr Store::find(const ObjectKey& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<JsonPtr> Store::list(std::string_view group, std::string_view kind,
                                 std::string_view namespace_) const {
  std::vector<JsonPtr> out;
  const ObjectKey first{std::string(group), std::string(kind), std::string(namespace_), ""};
  for (auto at = objects_.lower_bound(first); at != objects_.end(); ++at) {
    const ObjectKey& key = at->first;
    if (key.group != group || key.kind != kind) break;
    if (!namespace_.empty() && key.namespace_ != namespace_) break;
    out.push_back(at->second);
  }
  return out;
}

void Store::each(const std::function<void(const ObjectKey&, const JsonPtr&)>& visit) const {
  for (const auto& [key, object] : objects_) visit(key, object);
}

std::vector<ObjectKey> Store::drain() {
  std::vector<ObjectKey> out(changed_.begin(), changed_.end());
  changed_.clear();
  return out;
}

Holdoff::Holdoff(Executor& executor, HoldoffOptions options, std::function<void()> run)
    : executor_(executor), options_(options), run_(std::move(run)), timer_(executor) {}

void Holdoff::touch() {
  last_ = executor_.now();
  if (pending_) return;  // the running timer looks at `last_` when it fires
  pending_ = true;
  first_ = last_;
  arm();
}

void Holdoff::stop() {
  pending_ = false;
  timer_.stop();
}

void Holdoff::arm() {
  const auto due = std::min(last_ + options_.quiet, first_ + options_.max);
  timer_.start(due - executor_.now(), [this] { fire(); });
}

void Holdoff::fire() {
  const auto now = executor_.now();
  if (now < last_ + options_.quiet && now < first_ + options_.max) {
    arm();
    return;
  }
  pending_ = false;
  run_();
}

}  // namespace tollgate::controller::kube::cache
