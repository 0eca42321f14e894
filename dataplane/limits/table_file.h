#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/limits/table.h"

namespace tollgate::dataplane::limits {

/// Counters on disk, so that the windows that matter outlive the process: those of an hour and
/// more. A counter is named by its hash only; nothing that a client sent can be read out of the
/// file. It is written beside and renamed, and ends with a checksum: it is whole or it is nothing.
class TableFile {
 public:
  /// `folder` must exist and be writable.
  explicit TableFile(const std::string& folder) : path_(folder + "/limits.counters") {}

  [[nodiscard]] base::Status save(Table& table, std::uint64_t now_s) const;
  /// How many counters were put into the table. kNotFound: nothing was saved yet. Nothing is put in
  /// unless the whole file is sound.
  [[nodiscard]] base::Result<std::size_t> load(Table& table, std::uint64_t now_s) const;

  static constexpr std::uint32_t kShortestSavedWindowS = 3600;

 private:
  std::string path_;
};

/// The form of the file, for TableFile and its tests.
std::string encode_counts(const std::vector<SavedCount>& counts);
base::Result<std::vector<SavedCount>> decode_counts(std::string_view bytes);

}  // namespace tollgate::dataplane::limits
