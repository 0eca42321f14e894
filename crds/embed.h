#pragma once

#include <span>
#include <string_view>

/// The files of this folder, embedded in the program at build time.
namespace tollgate::crds {

struct File {
  std::string_view name;   // of the file, without folder
  std::string_view group;  // of the kind it defines; empty for core kinds
  std::string_view kind;
  std::string_view yaml;         // as JSON, which is YAML too and read many times faster
  bool standalone_only = false;  // the cluster brings its own definition
};

/// Sorted by name; those that are installed come first. Without descriptions, CEL rules and the
/// schemas of statuses, which no program reads.
std::span<const File> files();
/// The same with everything in it.
std::span<const File> whole_files();

}  // namespace tollgate::crds
