#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::reconcilers::resources {

/// Something in an object that cannot be read, and where: "spec.rules[0].matches".
struct Problem {
  std::string path;
  std::string message;
  friend bool operator==(const Problem&, const Problem&) = default;
};
using Problems = std::vector<Problem>;

/// "spec.listeners[0].port: expected a number, found a string; ..." for a condition.
std::string describe(const Problems& problems);

/// A place in a document, which may be empty. Reading never fails: what is absent reads as absent,
/// what has an odd type reads as absent and adds a problem. Borrows the document and the list of
/// problems.
class View {
 public:
  View(const nlohmann::json& node, std::string path, Problems& problems);

  /// Set, and not null.
  [[nodiscard]] bool exists() const { return node_ != nullptr; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Null if nothing is there.
  [[nodiscard]] const nlohmann::json* raw() const { return node_; }

  [[nodiscard]] View operator[](std::string_view field) const;
  [[nodiscard]] std::vector<View> items() const;
  /// Names of the members of an object, sorted.
  [[nodiscard]] std::vector<std::string> fields() const;

  [[nodiscard]] std::optional<std::string> text() const;
  [[nodiscard]] std::string text_or(std::string_view fallback) const;
  [[nodiscard]] std::optional<bool> boolean() const;
  /// A whole number within [min, max].
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] std::map<std::string, std::string> text_map() const;

  void report(std::string message) const;

 private:
  View(const nlohmann::json* node, std::string path, Problems* problems)
      : node_(node), path_(std::move(path)), problems_(problems) {}
  void report_type(std::string_view expected) const;

  const nlohmann::json* node_;
  std::string path_;
  Problems* problems_;
};

/// Paths of set fields below `node` that `known`, relative to it, does not name. A known path "a.b"
/// makes only b known within a; elements of lists are looked at under the list's own path.
/// `defaults` names fields (in the same way) that say nothing as long as they have the value that
/// their CRD gives them, as JSON text: nobody wrote them, and we do the same.
std::vector<std::string> other_fields(
    const View& node, const std::vector<std::string_view>& known,
    const std::map<std::string_view, std::string_view>& defaults = {});

}  // namespace tollgate::reconcilers::resources
