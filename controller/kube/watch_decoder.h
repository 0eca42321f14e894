#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/kube/api.h"

namespace tollgate::controller::kube {

/// Splits a watch stream (one JSON object per line) into events. Each byte is scanned once however
/// the stream is cut. After an ERROR event or a failure nothing more is taken.
class WatchDecoder {
 public:
  explicit WatchDecoder(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  /// Appends the events that `bytes` completes. An ERROR event, a line that is not JSON or one that
  /// is too long is the error. Unknown types are ignored, as the API asks of clients.
  tl::expected<void, ApiError> push(std::string_view bytes, std::vector<WatchEvent>& events);
  /// Bytes of an event that is not complete: at the end of a stream, a connection cut mid-line.
  [[nodiscard]] std::size_t pending_bytes() const { return line_.size(); }
  [[nodiscard]] std::uint64_t ignored() const { return ignored_; }

 private:
  tl::expected<void, ApiError> take_line(std::string_view line, std::vector<WatchEvent>& events);

  std::size_t max_event_bytes_;
  std::string line_;
  std::uint64_t ignored_ = 0;
};

/// Makes an ApiError of a Status object (an answer's body or an ERROR event). Null or other JSON
/// gives an error that has only the code.
ApiError status_error(int http_code, const nlohmann::json* status, std::string_view context);

}  // namespace tollgate::controller::kube
