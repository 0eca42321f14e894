#pragma once

#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::chat {

/// Takes texts out of a document so that they outlive the reader: views of the document stay views,
/// what was decoded elsewhere is copied to the arena.
class Keeper {
 public:
  Keeper(std::string_view document, base::Arena& arena) : document_(document), arena_(arena) {}

  [[nodiscard]] std::string_view keep(std::string_view text) const;
  /// A string's text. An error names `where` and the type that is wanted.
  base::Result<std::string_view> text(const json::Value& value, std::string_view where) const;
  /// As `text`; null is the empty view.
  base::Result<std::string_view> text_or_null(const json::Value& value,
                                              std::string_view where) const;
  base::Result<Number> number(const json::Value& value, std::string_view where) const;
  base::Result<bool> boolean(const json::Value& value, std::string_view where) const;
  /// The value's bytes, a view of the document.
  [[nodiscard]] static std::string_view raw(const json::Value& value);
  [[nodiscard]] Extra extra(std::string_view key, const json::Value& value) const;

 private:
  std::string_view document_;
  base::Arena& arena_;
};

/// The error of a request that breaks its own dialect: "messages[0].role: must be a string".
base::Error bad_request(std::string_view where, std::string_view what);

}  // namespace tollgate::dataplane::formats::chat
