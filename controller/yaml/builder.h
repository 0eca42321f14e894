#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "controller/yaml/scalar.h"
#include "controller/yaml/yaml.h"

namespace tollgate::controller::yaml {

/// Builds one document from the events of a parser, and enforces the limits. After the first
/// problem every further event is ignored. Internal to this folder.
class Builder {
 public:
  struct Position {
    int line = 0;
    int column = 0;
  };

  explicit Builder(const Limits& limits);
  ~Builder();
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  /// `anchor` is 0, or a number that a later alias event repeats.
  void map_start(Position at, std::size_t anchor);
  void map_end();
  void list_start(Position at, std::size_t anchor);
  void list_end();
  void scalar(Position at, std::size_t anchor, Style style, const std::string& tag,
              const std::string& text);
  void null(Position at, std::size_t anchor);
  void alias(Position at, std::size_t anchor);

  /// For parsers that know keys and typed values themselves.
  void key(Position at, std::string name);
  void value(Position at, nlohmann::json typed);

  void fail(Position at, std::string message);
  bool failed() const;
  const std::optional<Problem>& problem() const;

  /// The finished document; nullopt if it is empty, unfinished or failed.
  std::optional<Document> take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::controller::yaml
