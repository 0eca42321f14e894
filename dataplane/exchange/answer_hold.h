#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/net/buffer.h"

namespace tollgate::dataplane::exchange {

/// The beginning of a stream that the client has not been promised yet: until its first content
/// another backend may still be asked, or a proper error be answered. A whole answer that passes is
/// held to its end: slices, no copies. Bounded in bytes and time; beyond that the client gets what
/// there is.
class AnswerHold {
 public:
  static constexpr std::size_t kMaxBytes = 64U << 10U;
  static constexpr std::chrono::seconds kMaxTime{10};

  void begin() { active_ = true; }
  [[nodiscard]] bool active() const { return active_; }
  void add(net::Slice data) {
    bytes_ += data.size();
    slices_.push_back(std::move(data));
  }
  void add(std::string_view text) {
    bytes_ += text.size();
    text_ += text;
  }
  [[nodiscard]] bool full() const { return bytes_ > kMaxBytes; }
  /// Forgets what is held: the attempt is given up.
  void drop() {
    active_ = false;
    bytes_ = 0;
    slices_.clear();
    text_.clear();
  }
  /// Ends holding. An attempt's answer is either slices or text.
  std::vector<net::Slice> take_slices() {
    active_ = false;
    return std::exchange(slices_, {});
  }
  std::string take_text() {
    active_ = false;
    return std::exchange(text_, {});
  }

 private:
  bool active_ = false;
  std::size_t bytes_ = 0;
  std::vector<net::Slice> slices_;
  std::string text_;
};

}  // namespace tollgate::dataplane::exchange
