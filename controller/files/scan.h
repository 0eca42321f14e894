#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/files/problem.h"

namespace tollgate::controller::files {

constexpr std::size_t kMaxFiles = 10'000;
constexpr int kMaxFolderDepth = 32;
constexpr std::size_t kMaxFileBytes = 32u << 20;

/// The manifests at `paths` in the order of the arguments; a folder gives what is in and below it,
/// sorted by path: *.yaml, *.yml and *.json. Names that begin with a dot are left out, so that the
/// hidden copies of a mounted ConfigMap do not count twice. Links to files and folders are
/// followed; a folder is visited once.
std::vector<std::string> scan(std::span<const std::string> paths, std::vector<Problem>& errors);

/// True for a file name that a folder's scan takes.
bool is_manifest_name(std::string_view name);

/// The whole text of a regular file. An empty problem message means success.
std::string read_file(const std::string& path, Problem& problem);

}  // namespace tollgate::controller::files
