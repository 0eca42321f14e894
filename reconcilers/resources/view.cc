#include "reconcilers/resources/view.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace tollgate::reconcilers::resources {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxDescribed = 5;

std::string_view type_of(const json& node) {
  switch (node.type()) {
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return "a list";
    case json::value_t::string:
      return "a string";
    case json::value_t::boolean:
      return "a boolean";
    case json::value_t::number_float:
      return "a fraction";
    default:
      return "a number";
  }
}

using Defaults = std::map<std::string_view, std::string_view>;

void collect_others(const json& node, const std::string& path,
                    const std::vector<std::string_view>& known, const Defaults& defaults,
                    std::set<std::string>& out) {
  if (node.is_array()) {
    for (const json& element : node) collect_others(element, path, known, defaults, out);
    return;
  }
  if (!node.is_object()) return;
  for (const auto& [name, value] : node.items()) {
    if (value.is_null()) continue;
    std::string here = path;
    if (!here.empty()) here += '.';
    here += name;
    if (std::find(known.begin(), known.end(), here) != known.end()) continue;
    const auto usual = defaults.find(here);
    if (usual != defaults.end() && value.dump() == usual->second) continue;
    const bool part_known = std::any_of(known.begin(), known.end(), [&here](std::string_view k) {
      return k.size() > here.size() && k.starts_with(here) && k[here.size()] == '.';
    });
    if (part_known && (value.is_object() || value.is_array())) {
      collect_others(value, here, known, defaults, out);
    } else {
      out.insert(here);
    }
  }
}

}  // namespace

std::string describe(const Problems& problems) {
  std::string out;
  for (std::size_t i = 0; i < problems.size() && i < kMaxDescribed; ++i) {
    if (!out.empty()) out += "; ";
    out += problems[i].path + ": " + problems[i].message;
  }
  if (problems.size() > kMaxDescribed) {
    out += "; and " + std::to_string(problems.size() - kMaxDescribed) + " more";
  }
  return out;
}

View::View(const json& node, std::string path, Problems& problems)
    : View(node.is_null() ? nullptr : &node, std::move(path), &problems) {}

void View::report(std::string message) const {
  problems_->push_back({path_, std::move(message)});
}

void View::report_type(std::string_view expected) const {
  report("expected " + std::string(expected) + ", found " + std::string(type_of(*node_)));
}

View View::operator[](std::string_view field) const {
  std::string path = path_.empty() ? std::string(field) : path_ + "." + std::string(field);
  if (node_ == nullptr) return {nullptr, std::move(path), problems_};
  if (!node_->is_object()) {
    report_type("an object");
    return {nullptr, std::move(path), problems_};
  }
  const auto found = node_->find(field);
  const bool there = found != node_->end() && !found->is_null();
  return {there ? &*found : nullptr, std::move(path), problems_};
}

std::vector<View> View::items() const {
  std::vector<View> out;
  if (node_ == nullptr) return out;
  if (!node_->is_array()) {
    report_type("a list");
    return out;
  }
  out.reserve(node_->size());
  for (std::size_t i = 0; i < node_->size(); ++i) {
    const json& element = (*node_)[i];
    out.push_back(
        {element.is_null() ? nullptr : &element, path_ + "[" + std::to_string(i) + "]", problems_});
  }
  return out;
}

std::vector<std::string> View::fields() const {
  std::vector<std::string> out;
  if (node_ == nullptr) return out;
  if (!node_->is_object()) {
    report_type("an object");
    return out;
  }
  for (const auto& [name, value] : node_->items()) {
    if (!value.is_null()) out.push_back(name);
  }
  return out;
}

std::optional<std::string> View::text() const {
  if (node_ == nullptr) return std::nullopt;
  if (!node_->is_string()) {
    report_type("a string");
    return std::nullopt;
  }
  return node_->get<std::string>();
}

std::string View::text_or(std::string_view fallback) const {
  return text().value_or(std::string(fallback));
}

std::optional<bool> View::boolean() const {
  if (node_ == nullptr) return std::nullopt;
  if (!node_->is_boolean()) {
    report_type("a boolean");
    return std::nullopt;
  }
  return node_->get<bool>();
}

std::optional<std::int64_t> View::integer(std::int64_t min, std::int64_t max) const {
  if (node_ == nullptr) return std::nullopt;
  if (!node_->is_number_integer()) {
    report_type("a whole number");
    return std::nullopt;
  }
  const bool huge = node_->is_number_unsigned() &&
                    node_->get<std::uint64_t>() >
                        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t value = huge ? 0 : node_->get<std::int64_t>();
  if (huge || value < min || value > max) {
    report("must be between " + std::to_string(min) + " and " + std::to_string(max));
    return std::nullopt;
  }
  return value;
}

std::vector<std::string> View::texts() const {
  std::vector<std::string> out;
  for (const View& item : items()) {
    if (auto value = item.text()) out.push_back(*std::move(value));
  }
  return out;
}

std::map<std::string, std::string> View::text_map() const {
  std::map<std::string, std::string> out;
  for (const std::string& name : fields()) {
    if (auto value = (*this)[name].text()) out.emplace(name, *std::move(value));
  }
  return out;
}

std::vector<std::string> other_fields(const View& node, const std::vector<std::string_view>& known,
                                      const Defaults& defaults) {
  std::set<std::string> out;
  if (node.raw() != nullptr) collect_others(*node.raw(), "", known, defaults, out);
  std::vector<std::string> paths;
  paths.reserve(out.size());
  for (const std::string& field : out) {
    paths.push_back(node.path().empty() ? field : node.path() + "." + field);
  }
  return paths;
}

}  // namespace tollgate::reconcilers::resources
