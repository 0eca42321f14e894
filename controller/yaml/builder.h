#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/yaml/scalar.h"
#include "controller/yaml/yaml.h"

namespace tollgate::controller::yaml {

/// Builds one document from the events of a parser, and enforces the limits. After the first
/// problem every further event is ignored.
/// Internal to this folder (it includes json.hpp).
class Builder {
 public:
  struct Position {
    int line = 0;
    int column = 0;
  };

  explicit Builder(const Limits& limits) : limits_(limits) {}

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
  bool failed() const { return problem_.has_value(); }
  const std::optional<Problem>& problem() const { return problem_; }

  /// The finished document; nullopt if it is empty, unfinished or failed.
  std::optional<Document> take();

 private:
  /// A value with its lines and what it counts against the limits.
  struct Value {
    nlohmann::json data;
    LineMap::Node lines;
    std::size_t values = 1;
    std::size_t text_bytes = 0;
  };
  struct Frame {
    Value value;
    std::size_t anchor = 0;
    std::optional<std::string> key;  // set while a map waits for the value of this key
    bool merge_key = false;          // the key is a plain "<<"
    int key_line = 0;
    std::vector<Value> merges;
  };

  void start(Position at, std::size_t anchor, nlohmann::json empty);
  void end();
  bool takes_key() const;
  void set_key(Position at, std::string name, bool merge);
  void deliver(Position at, Value value, std::size_t anchor);
  void deliver_member(Position at, Frame& frame, Value value);
  void collect_merge(Position at, Frame& frame, Value value);
  static void apply_merges(Frame& frame);
  bool charge(Position at, std::size_t values, std::size_t text_bytes);

  const Limits limits_;
  std::vector<Frame> stack_;
  std::map<std::size_t, Value> anchors_;
  std::optional<Value> root_;
  std::optional<Problem> problem_;
  std::size_t values_ = 0;
  std::size_t text_bytes_ = 0;
};

}  // namespace tollgate::controller::yaml
