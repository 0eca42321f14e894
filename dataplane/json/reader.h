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
class Tokens;

/// A value within the document that its Reader has open: a small handle, valid until the Reader's
/// next `open` or `check`. Values may be read in any order, and again. Views point into the
/// document's bytes where they can, else into the Reader.
class Value {
 public:
  [[nodiscard]] Type type() const;
  [[nodiscard]] bool is_null() const { return type() == Type::kNull; }

  /// Each fails with kInvalidArgument if the type is another.
  [[nodiscard]] base::Result<std::string_view> string() const;  // decoded
  /// Also 3.0 and 3e2; fails for 3.5 and beyond 64 bits.
  [[nodiscard]] base::Result<std::int64_t> integer() const;
  [[nodiscard]] base::Result<double> number() const;  // fails beyond the range of double
  [[nodiscard]] base::Result<bool> boolean() const;
  [[nodiscard]] base::Result<Members> members() const;
  [[nodiscard]] base::Result<Elements> elements() const;

  /// The member of this name; nullopt if there is none or this is no object. The first of several.
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  /// `find` along a path of names.
  [[nodiscard]] std::optional<Value> find(std::initializer_list<std::string_view> path) const;

  /// The value's bytes as they stand, valid JSON; strings with their quotes. What a writer can
  /// append unchanged. (A Result only for symmetry: it does not fail.)
  [[nodiscard]] base::Result<std::string_view> raw() const;
  /// Where the value's first byte is within the document.
  [[nodiscard]] std::size_t offset() const;

 private:
  friend class Reader;
  friend class Members;
  friend class Elements;
  Value(const Tokens* tokens, std::uint32_t token) : tokens_(tokens), token_(token) {}

  const Tokens* tokens_;
  std::uint32_t token_;
};

/// The members of an object, in order:
///   while (members.next()) { if (members.key() == "model") ... members.value() ... }
class Members {
 public:
  bool next();
  /// Decoded, so that "mod\u0065l" is `model`.
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] Value& value() { return value_; }

 private:
  friend class Value;
  Members(const Tokens* tokens, std::uint32_t token) : value_(tokens, token), next_(token + 1) {}
  Value value_;
  std::string_view key_;
  std::uint32_t next_;  // token of the next key, or of the end
};

/// The elements of an array: as Members.
class Elements {
 public:
  bool next();
  [[nodiscard]] Value& value() { return value_; }

 private:
  friend class Value;
  Elements(const Tokens* tokens, std::uint32_t token) : value_(tokens, token), next_(token + 1) {}
  Value value_;
  std::uint32_t next_;
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

  /// Checks a whole document by RFC 8259, which kPaddingBytes readable bytes follow: every token,
  /// UTF-8, escapes (half a surrogate pair reads as U+FFFD), nothing after the value, no byte order
  /// mark. A broken one is kInvalidArgument with reason and position, nesting deeper than max_depth
  /// kLimitExceeded. Afterwards nothing but types and number ranges is left to fail.
  base::Result<Value> open(std::string_view padded);

  /// What the last `open` said.
  [[nodiscard]] base::Status finish() const;
  /// `open` without looking inside.
  base::Status check(std::string_view padded);

 private:
  std::unique_ptr<Tokens> tokens_;
  base::Status last_;
};

/// Single values of small documents by path of member names; nullopt if absent, of another type, or
/// if the document is broken. For repeated keys the first counts. Views as Value's.
std::optional<double> find_number(Reader& reader, std::string_view padded,
                                  std::initializer_list<std::string_view> path);
std::optional<std::int64_t> find_integer(Reader& reader, std::string_view padded,
                                         std::initializer_list<std::string_view> path);
std::optional<std::string_view> find_string(Reader& reader, std::string_view padded,
                                            std::initializer_list<std::string_view> path);
std::optional<std::string_view> find_raw(Reader& reader, std::string_view padded,
                                         std::initializer_list<std::string_view> path);

}  // namespace tollgate::dataplane::json
