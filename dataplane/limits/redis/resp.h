#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace tollgate::dataplane::limits::redis {

/// What a server says (RESP2, and the types of RESP3). Texts are copies.
struct Reply {
  enum class Type : std::uint8_t { kNull, kInteger, kString, kError, kArray };
  Type type = Type::kNull;
  std::int64_t integer = 0;     // kInteger; booleans are 0 and 1
  std::string text;             // kString, kError
  std::vector<Reply> elements;  // kArray; a map's keys and values take turns

  /// kError: the first word, such as "NOSCRIPT" or "READONLY".
  [[nodiscard]] std::string_view code() const;
  friend bool operator==(const Reply&, const Reply&) = default;
};

/// Reads replies out of bytes that come in any pieces. Sans-I/O. What it holds is bounded by the
/// limits below; a reply above them, or bytes that are no RESP, end the connection.
class Decoder {
 public:
  Decoder();

  /// Takes bytes and appends every reply that is complete. Messages that nobody asked for (RESP3
  /// push and attributes) are left out. After an error the decoder is of no more use.
  base::Status feed(std::string_view bytes, std::vector<Reply>& out);

  /// Nothing of a reply has come that is not complete.
  [[nodiscard]] bool at_rest() const { return line_.empty() && open_.empty() && !reading_text_; }

  static constexpr std::size_t kMaxLineBytes = 4096;
  static constexpr std::size_t kMaxTextBytes = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxElements = 1024;  // of one reply, at all depths together
  static constexpr std::size_t kMaxDepth = 8;

 private:
  struct Open {
    Reply reply;
    std::size_t missing = 0;  // elements
    bool dropped = false;     // nobody asked for it
  };

  base::Status take_line(std::string_view line, std::vector<Reply>& out);
  base::Status begin_text(std::string_view length, Reply::Type type, std::vector<Reply>& out);
  base::Status begin_array(std::string_view length, std::size_t per_element, bool dropped,
                           std::vector<Reply>& out);
  base::Status add(Reply reply, std::vector<Reply>& out);

  std::string line_;  // the beginning of a line
  std::string text_;  // of a string with a length
  std::size_t text_missing_ = 0;
  Reply::Type text_type_ = Reply::Type::kString;
  bool reading_text_ = false;
  std::size_t elements_ = 0;
  std::vector<Open> open_;
};

/// Appends a command: an array of strings.
class Command {
 public:
  /// `arguments` is how many follow.
  Command(std::string& out, std::size_t arguments);
  /// More arguments of a command whose beginning is written elsewhere.
  static Command continued(std::string& out) { return Command(out); }
  Command& add(std::string_view text);
  Command& add(std::uint64_t number);

 private:
  explicit Command(std::string& out) : out_(out) {}
  std::string& out_;
};

}  // namespace tollgate::dataplane::limits::redis
