#include "test/support/yaml/objects.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "controller/yaml/yaml.h"

namespace tollgate::test {

using nlohmann::json;

namespace {

bool is_plain(const std::string& text) {
  if (text.empty() || text.size() > 90) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto good = [&letter](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/' || c == '_' ||
           c == '|';
  };
  const bool word = text == "true" || text == "false" || text == "null" || text == "yes" ||
                    text == "no" || text == "True" || text == "False";
  return letter(text.front()) && !word && std::all_of(text.begin(), text.end(), good);
}

std::string scalar(const json& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) {
    return value.get<std::string>();
  }
  return value.dump();
}

void write(const json& value, std::size_t indent, std::string& out);

void write_value(const json& value, std::size_t indent, std::string& out) {
  if (!value.is_structured()) {
    out += " " + scalar(value) + "\n";
  } else if (value.empty()) {
    out += value.is_array() ? " []\n" : " {}\n";
  } else {
    out += "\n";
    write(value, indent, out);
  }
}

void write(const json& value, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      out += margin + scalar(json(key)) + ":";
      write_value(member, member.is_array() ? indent : indent + 2, out);
    }
    return;
  }
  for (const json& element : value) {
    if (!element.is_structured() || element.empty()) {
      out += margin + "-";
      write_value(element, indent, out);
      continue;
    }
    std::string nested;
    write(element, indent + 2, nested);
    nested[indent] = '-';
    out += nested;
  }
}

}  // namespace

std::vector<Document> parse_documents(std::string_view yaml) {
  controller::yaml::Stream stream = controller::yaml::parse_yaml(yaml);
  if (!stream.problems.empty()) {
    throw std::runtime_error("line " + std::to_string(stream.problems.front().line) + ": " +
                             stream.problems.front().message);
  }
  std::vector<Document> out;
  for (auto& document : stream.documents) out.push_back(std::move(document.value));
  return out;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Document> read_documents(const std::string& path) {
  return parse_documents(read_text(path));
}

std::string to_yaml(const json& value) {
  std::string out;
  write(value, 0, out);
  return out;
}

}  // namespace tollgate::test
