#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/json/body_scan.h"

namespace tollgate::dataplane::json {

/// One replacement: `length` 0 inserts. The text must live until the splice was applied (or, with
/// `slices`, as long as the slices).
struct Edit {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string_view replacement;
};

/// A few edits of one body. Edits are kept in order of offset; inserts at one place keep the order
/// in which they were added; overlapping edits are a programming error (asserted, and the later
/// one is dropped).
class Splice {
 public:
  static constexpr std::size_t kMaxEdits = 16;

  void replace(Range range, std::string_view replacement);
  void insert(std::size_t offset, std::string_view text);
  /// Inserts members (`"a":1` or `"a":1,"b":2`) just behind an object's '{', with the commas that
  /// they need beside what is there (`was_empty`: nothing) and what was inserted before. Text as
  /// pieces: each must live as long as an Edit's.
  void insert_member(std::size_t open, bool was_empty,
                     std::initializer_list<std::string_view> pieces);
  [[nodiscard]] bool empty() const { return edits_.empty(); }
  void clear() { edits_.clear(); }
  [[nodiscard]] const std::vector<Edit>& edits() const { return edits_; }

  /// Bytes of the edited body.
  [[nodiscard]] std::size_t result_bytes(std::string_view body) const;
  /// The edited body; `out` is replaced, and kPaddingBytes readable bytes follow its content.
  void apply(std::string_view body, std::string& out) const;
  /// As `apply`, into memory of at least result_bytes(body).
  void apply_to(std::string_view body, char* out) const;
  /// The edited body as views of the body and of the replacements, for gathered writes.
  [[nodiscard]] std::vector<std::string_view> slices(std::string_view body) const;

 private:
  std::vector<Edit> edits_;
};

/// Edits that set `stream_options.include_usage` to true, or nothing if it is.
void force_include_usage(const BodyScan& scan, Splice& splice);
/// Edit that replaces the model, or inserts one if the body has none. `json_string` is the new name
/// as a JSON string with quotes, which must live as long as the splice.
void set_model(const BodyScan& scan, std::string_view json_string, Splice& splice);

}  // namespace tollgate::dataplane::json
