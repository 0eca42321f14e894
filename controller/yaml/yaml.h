#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "controller/yaml/lines.h"

namespace tollgate::controller::yaml {

/// Bounds of one document; what exceeds them is refused, with the line where it happened.
struct Limits {
  std::size_t max_depth = 100;             // maps and lists within each other
  std::size_t max_values = 200'000;        // after aliases are expanded
  std::size_t max_text_bytes = 64u << 20;  // of keys and strings, after aliases are expanded
};

/// What is wrong with a document, for people.
struct Problem {
  int line = 0;    // counted from 1; 0 = the whole text
  int column = 0;  // counted from 1; 0 = unknown
  std::string message;
};

/// One document as JSON. The value is never null; an empty document is left out.
struct Document {
  std::shared_ptr<nlohmann::json> value;
  LineMap lines;
};

/// All documents of a text, in order. A document with a mistake is a problem; those before and
/// after it are still there.
struct Stream {
  std::vector<Document> documents;
  std::vector<Problem> problems;
};

/// Reads a stream of YAML documents. Keys must be scalars and may not repeat; aliases and merge
/// keys ("<<") are expanded within the limits; scalars are resolved as kubectl resolves them
/// (scalar.h); the text must be UTF-8.
Stream parse_yaml(std::string_view text, const Limits& limits = {});

/// Reads one or several JSON values that follow each other. What follows a mistake is lost.
Stream parse_json(std::string_view text, const Limits& limits = {});

}  // namespace tollgate::controller::yaml
