#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tollgate::dataplane::formats {

/// A place in a document that somebody wants to see. Nodes form a tree by `parent`, an index into
/// the same table; index 0 is the document's root. An array has the node of its key, and so have
/// its elements: `choices[].finish_reason` is the node finish_reason below the node choices.
struct SkimNode {
  std::uint8_t parent;
  std::string_view key;
};

/// Skims a JSON document that arrives in pieces for a few places of it, with bounded memory and
/// without ever failing: malformed input makes it see nothing or garbage values, never more memory.
/// What is not in the table is skipped sixteen bytes at a time.
class JsonSkimmer {
 public:
  static constexpr std::size_t kMaxTextBytes = 256;   // of a scalar; longer ones are cut
  static constexpr std::size_t kMaxTrackedDepth = 8;  // deeper values are skipped

  enum class Kind : std::uint8_t { kString, kLiteral, kObject, kArray, kEmptyArray };
  struct Found {
    std::uint8_t node = 0;
    Kind kind = Kind::kLiteral;
    /// A string's content, unescaped; a number, true, false or null as written. Empty for objects
    /// (reported when they open) and arrays (reported when they close).
    std::string_view text;
    bool cut = false;  // longer than kMaxTextBytes
  };
  /// Called for each value found, in the order of the document; `text` is valid during the call.
  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual void on_found(const Found& found) = 0;
  };

  /// `nodes` outlives the skimmer; nodes[0] is the root.
  explicit JsonSkimmer(std::span<const SkimNode> nodes) : nodes_(nodes) {}

  void feed(std::string_view bytes, Visitor& visitor);
  /// The outermost object or array is closed.
  [[nodiscard]] bool complete() const { return complete_; }
  /// Ready for the next document.
  void reset();

 private:
  struct Level {
    std::uint8_t node = 0;
    bool is_object = false;
    bool empty = true;
  };

  const char* string_bytes(const char* p, const char* end, Visitor& visitor);
  void string_done(Visitor& visitor);
  void structural(char c, Visitor& visitor);
  void open(bool is_object, Visitor& visitor);
  void close(Visitor& visitor);
  void literal_done(Visitor& visitor);
  void keep(const char* begin, const char* end);
  [[nodiscard]] std::uint8_t child(std::uint8_t parent, std::string_view key) const;
  [[nodiscard]] bool tracking() const { return depth_ <= kMaxTrackedDepth && skip_depth_ == 0; }

  static constexpr std::uint8_t kNoNode = 0xFF;

  std::span<const SkimNode> nodes_;
  std::array<Level, kMaxTrackedDepth + 1> levels_{};
  std::uint64_t depth_ = 0;
  std::uint64_t skip_depth_ = 0;  // a value at this depth is being skipped; 0: none
  std::uint8_t value_node_ = 0;   // of the value that comes next; at first the root
  bool in_string_ = false;
  bool string_is_key_ = false;
  bool expect_key_ = false;
  bool escaped_ = false;
  bool has_escapes_ = false;
  bool keeping_ = false;  // the token's bytes are wanted
  bool in_literal_ = false;
  bool cut_ = false;
  bool complete_ = false;
  std::array<char, kMaxTextBytes> text_{};
  std::size_t text_size_ = 0;
  std::string unescaped_;
};

/// The content of a JSON string between its quotes, unescaped. Broken escapes become U+FFFD.
std::string unescape_json(std::string_view raw);

}  // namespace tollgate::dataplane::formats
