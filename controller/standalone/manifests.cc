#include "controller/standalone/manifests.h"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/schema/kind.h"

namespace tollgate::controller::standalone {

namespace {

std::vector<std::string> lines_of(const std::vector<files::Problem>& problems) {
  std::vector<std::string> lines;
  lines.reserve(problems.size());
  for (const files::Problem& problem : problems) lines.push_back(problem.text());
  return lines;
}

}  // namespace

std::string created_at(const files::Document& document) {
  const auto at = nlohmann::json::json_pointer("/metadata/creationTimestamp");
  if (!document.object->contains(at) || (*document.object)[at] != files::LoadOptions().created) {
    return {};
  }
  std::error_code error;
  const auto written = std::filesystem::last_write_time(document.file, error);
  const auto time =
      error ? std::chrono::system_clock::now() : std::chrono::file_clock::to_sys(written);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return {};
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Manifests::Manifests(std::vector<std::string> paths)
    : registry_(schema::Registry::embedded()), paths_(std::move(paths)) {}

std::vector<resolve::ObjectChange> Manifests::load() {
  files::LoadResult next = files::load_manifests(registry_, paths_);
  files::keep_last_good(current_, next);
  current_ = std::move(next);
  std::map<reconcilers::model::ObjectId, std::shared_ptr<const nlohmann::json>> found;
  for (const files::Document& document : current_.objects) {
    found[{document.gvk.group, document.gvk.kind, document.ns, document.name}] = document.object;
  }
  std::vector<resolve::ObjectChange> changes;
  for (const auto& [id, object] : known_) {
    if (!found.contains(id)) changes.push_back({id, nullptr});
  }
  for (const auto& [id, object] : found) {
    const auto before = known_.find(id);
    if (before == known_.end() || *before->second != *object) changes.push_back({id, object});
  }
  known_ = std::move(found);
  return changes;
}

std::vector<std::string> Manifests::error_lines() const {
  return lines_of(current_.errors);
}
std::vector<std::string> Manifests::warning_lines() const {
  return lines_of(current_.warnings);
}

resolve::ResolverOptions resolver_options(bool real_ports, bool without_proxies) {
  resolve::ResolverOptions options;
  options.resolution.adopted_controller_names = {"gateway.envoyproxy.io/gatewayclass-controller",
                                                 "kgateway.dev/kgateway-controller",
                                                 "kgateway.dev/kgateway"};
  options.resolution.real_ports = real_ports;
  options.resolution.one_host = true;
  options.resolution.addresses = {{"IPAddress", "127.0.0.1"}};
  options.resolution.service_dns = true;
  options.without_proxies = without_proxies;
  return options;
}

}  // namespace tollgate::controller::standalone
