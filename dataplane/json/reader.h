#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace tollgate::dataplane::json {

/// Readable bytes that must follow every text given to this folder's readers. Their content does
/// not matter; body buffers have them spare at the end.
inline constexpr std::size_t kPaddingBytes = 64;

/// `text` followed by the padding, for callers whose text has none: view it with `view()`.
class PaddedText {
 public:
  explicit PaddedText(std::string_view text);
  [[nodiscard]] std::string_view view() const {
    return {bytes_.data(), bytes_.size() - kPaddingBytes};
  }

 private:
  std::string bytes_;
};

enum class Type : std::uint8_t { kObject, kArray, kString, kNumber, kBool, kNull };

class Reader;
class Members;
class Elements;

/// A value within the document that its Reader has open: a small handle, read at most once, in the
/// order of the document. Reading the next member or element skips what was not read of this one.
/// Views of decoded strings live until the Reader's next `open`; views of raw text as long as the
/// document's bytes.
class Value {
 public:
  [[nodiscard]] Type type() const;
  [[nodiscard]] bool is_null() const { return type() == Type::kNull; }

  /// Each fails with kInvalidArgument if the type is another or the token is malformed.
  base::Result<std::string_view> string();  // decoded
  base::Result<std::int64_t> integer();     // also 3.0 and 3e2; not 3.5, not above 2^63-1
  base::Result<double> number();
  base::Result<bool> boolean();
  base::Result<Members> members();
  base::Result<Elements> elements();

  /// The value's bytes as they stand, fully checked to be valid JSON; strings with their quotes.
  /// What a writer can append unchanged.
  base::Result<std::string_view> raw();

  /// Where the value's first byte is within the document.
  [[nodiscard]] std::size_t offset() const;

 private:
  friend class Reader;
  friend class Members;
  friend class Elements;
  struct Access;
  static constexpr std::size_t kHandleBytes = 32;
  Reader* reader_ = nullptr;
  alignas(8) std::byte handle_[kHandleBytes] = {};
};

/// The members of an object, in order:
///   while (members.next()) { if (members.key() == "model") ... members.value() ... }
/// `next` is false at the end and after an error, which the Reader keeps: check `finish`.
class Members {
 public:
  bool next();
  /// Decoded, so that "mod\u0065l" is `model`.
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] Value& value() { return value_; }

 private:
  friend class Value;
  friend struct MembersAccess;
  Value object_;
  Value value_;
  std::string_view key_;
  bool started_ = false;
};

/// The elements of an array: as Members.
class Elements {
 public:
  bool next();
  [[nodiscard]] Value& value() { return value_; }

 private:
  friend class Value;
  Value array_;
  Value value_;
  bool started_ = false;
};

/// Reads one document at a time; one per worker, reused, so that its buffers are allocated once.
/// A document inside a document's string needs a second Reader.
class Reader {
 public:
  static constexpr std::size_t kDefaultDepth = 128;

  explicit Reader(std::size_t max_depth = kDefaultDepth);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// Starts on a document that kPaddingBytes readable bytes follow. Everything from an earlier one
  /// becomes invalid. Nesting deeper than max_depth is refused wherever it is met.
  base::Result<Value> open(std::string_view padded);

  /// The first error met since `open`, else an error if anything follows the document, else ok.
  /// What was skipped is checked for valid UTF-8 and closed strings only; see `check`.
  base::Status finish();
  /// Whether an error was met so far.
  [[nodiscard]] bool failed() const;

  /// Whole validation by RFC 8259: every token, depth, nothing after the value.
  base::Status check(std::string_view padded);

  struct Impl;

 private:
  friend class Value;
  friend class Members;
  friend class Elements;
  friend class BodyScanner;
  std::unique_ptr<Impl> impl_;
};

/// Single values of small documents by path of member names; nullopt if absent, of another type, or
/// if the document is malformed up to there. For repeated keys the first counts.
std::optional<double> find_number(Reader& reader, std::string_view padded,
                                  std::initializer_list<std::string_view> path);
std::optional<std::int64_t> find_integer(Reader& reader, std::string_view padded,
                                         std::initializer_list<std::string_view> path);
/// The view lives until the reader's next use.
std::optional<std::string_view> find_string(Reader& reader, std::string_view padded,
                                            std::initializer_list<std::string_view> path);
/// Raw JSON of any type.
std::optional<std::string_view> find_raw(Reader& reader, std::string_view padded,
                                         std::initializer_list<std::string_view> path);

}  // namespace tollgate::dataplane::json
