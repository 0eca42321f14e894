#include "controller/tools/yaml_out.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace tollgate::controller::tools {

namespace {

void emit(YAML::Emitter& out, const nlohmann::json& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [name, member] : value.items()) {
      out << YAML::Key << name << YAML::Value;
      emit(out, member);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const auto& element : value) emit(out, element);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    // JSON's quoting is valid YAML and cannot be mistaken for another type.
    out << YAML::DoubleQuoted << value.get<std::string>();
  } else {
    out << value.dump();
  }
}

}  // namespace

std::string to_yaml(const nlohmann::json& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace tollgate::controller::tools
