#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>

#include "dataplane/base/arena.h"

namespace tollgate::dataplane::http {

/// One field line. The name keeps the case it came with; names compare case-insensitively.
struct Field {
  std::string_view name;
  std::string_view value;
};

/// The fields of one message in the order of the wire, in memory of an arena. A head and its fields
/// are trivially destructible: they live exactly as long as the arena's content, and so do the
/// texts that the decoders put in. Texts given to `add` and `set` must live as long; `add_copy`
/// copies.
class FieldList {
 public:
  FieldList() = default;
  explicit FieldList(base::Arena& arena) : arena_(&arena) {}
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;
  FieldList(FieldList&& other) noexcept;
  FieldList& operator=(FieldList&& other) noexcept;
  ~FieldList() = default;

  /// A list of its own over the same texts. For one attempt's head made from the exchange's.
  [[nodiscard]] FieldList clone(base::Arena& arena) const;

  void add(std::string_view name, std::string_view value) {
    if (size_ == capacity_) reserve(static_cast<std::size_t>(size_) + 1);
    new (data_ + size_) Field{name, value};
    ++size_;
  }
  void add_copy(std::string_view name, std::string_view value);
  /// Replaces the first field of this name in place and removes the others; adds it if none.
  void set(std::string_view name, std::string_view value);
  /// Removes every field of this name and says how many there were.
  std::size_t remove(std::string_view name);
  template <typename Predicate>  // bool(const Field&)
  std::size_t remove_if(Predicate&& predicate) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!predicate(static_cast<const Field&>(data_[i]))) data_[kept++] = data_[i];
    }
    const std::size_t removed = size_ - kept;
    size_ = static_cast<std::uint32_t>(kept);
    return removed;
  }
  void clear() { size_ = 0; }

  /// The first field of this name; nullptr if there is none.
  [[nodiscard]] const Field* find(std::string_view name) const;
  /// The next field of this name after `field` (which is one of this list): with `find`, walks all.
  [[nodiscard]] const Field* find_next(std::string_view name, const Field* field) const;
  /// The first value; empty if there is no such field.
  [[nodiscard]] std::string_view value_of(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// All values of a name joined with ", " (RFC 9110 5.3); nullopt if there is none. Copies into
  /// the arena only if there are several.
  [[nodiscard]] std::optional<std::string_view> joined(std::string_view name,
                                                       base::Arena& arena) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Field& operator[](std::size_t i) const { return data_[i]; }
  [[nodiscard]] Field& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const Field* begin() const { return data_; }
  [[nodiscard]] const Field* end() const { return data_ + size_; }

  /// Makes room for `count` fields at once.
  void reserve(std::size_t count);

 private:
  base::Arena* arena_ = nullptr;
  Field* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

/// How the end of a message's body is known.
enum class Framing : std::uint8_t {
  kNone,        // no body
  kLength,      // content_length bytes
  kChunked,     // chunked (HTTP/2: unknown length, ends with the stream)
  kUntilClose,  // responses only: up to the end of the connection
};

/// The four forms of RFC 9112 3.2. HTTP/2 gives kOrigin, kAsterisk or kAuthority.
enum class TargetForm : std::uint8_t { kOrigin, kAbsolute, kAuthority, kAsterisk };

/// A request's head, whatever protocol it came by. Decoders fill it; pipelines may change it; the
/// encoder writes from it and never from received bytes.
///
/// - `authority` is the one host of the request: Host, `:authority`, or the absolute form's own,
///   which wins over Host (RFC 9112 3.2.2). Lower or upper case as received, valid `host[:port]`.
///   Empty only for HTTP/1.0 without Host.
/// - `fields` holds no Host, Content-Length, Transfer-Encoding and Expect: they are `authority`,
///   `framing`, `content_length` and `expect_continue`, and cannot disagree with them. Connection
///   stays in `fields` until `strip_hop_by_hop`.
/// - `path` is raw (see path.h), starts with '/', or is "*" (kAsterisk) or empty (kAuthority);
///   `query` has no '?'; `has_query` tells "/a?" from "/a".
/// - `target` is the request target as received, for logs.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  TargetForm form = TargetForm::kOrigin;
  std::string_view scheme;  // empty in HTTP/1.1 unless the form is absolute
  std::string_view authority;
  std::string_view path;
  std::string_view query;
  bool has_query = false;
  Version version = Version::kHttp11;
  FieldList fields;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  /// The client waits for 100 (Continue) before it sends the body. False if there is no body.
  bool expect_continue = false;
  /// The Upgrade field's value if the Connection field names it too (HTTP/1.1), else empty.
  std::string_view upgrade;
};

/// A response's head. As in a request's, `fields` holds no Content-Length and no
/// Transfer-Encoding. For an answer to HEAD and for 304 `framing` is kNone and `declared_length`
/// tells what Content-Length said.
struct ResponseHead {
  int status = 0;
  std::string_view reason;  // as received; empty means the standard phrase (status.h)
  Version version = Version::kHttp11;
  FieldList fields;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  std::optional<std::uint64_t> declared_length;
  bool keep_alive = true;
};

/// An empty head in the arena.
RequestHead* new_request_head(base::Arena& arena);
ResponseHead* new_response_head(base::Arena& arena);

/// Head for one attempt: same texts, own field list.
RequestHead* clone(const RequestHead& head, base::Arena& arena);
ResponseHead* clone(const ResponseHead& head, base::Arena& arena);

}  // namespace tollgate::dataplane::http
