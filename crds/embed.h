#pragma once

#include <span>
#include <string_view>

/// The files of this folder, embedded in the program at build time.
namespace tollgate::crds {

struct File {
  std::string_view name;   // of the file, without folder
  std::string_view group;  // of the kind it defines; empty for core kinds
  std::string_view kind;
  std::string_view yaml;
  bool standalone_only = false;  // the cluster brings its own definition
};

/// Sorted by name; those that are installed come first.
std::span<const File> files();

}  // namespace tollgate::crds
