#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"

namespace tollgate::dataplane::push {

/// What a frame holds. The numbers are on the wire: they are never reused.
enum class FrameType : std::uint8_t {
  kHello = 1,   // proxy -> controller, first
  kPush = 2,    // controller -> proxy
  kAck = 3,     // proxy -> controller
  kNack = 4,    // proxy -> controller
  kReport = 5,  // proxy -> controller: health, usage, credential failures
  kRefuse = 6,  // controller -> proxy: why the connection ends
  kRole = 7,    // controller -> proxy that asked for it: whether this replica leads
};

/// The ALPN name of the channel.
inline constexpr std::string_view kAlpn = "tollgate-push/1";

/// Longest payload of one frame. A push of 10,000 routes is about 10 MiB.
inline constexpr std::size_t kFrameLimitBytes = 256U << 20U;
/// Longest payload that a controller accepts from a proxy.
inline constexpr std::size_t kProxyFrameLimitBytes = 4U << 20U;

inline constexpr std::size_t kFrameHeaderBytes = 5;

/// Appends length (4 bytes, big endian, of the payload), type and payload.
void append_frame(std::string& out, FrameType type, std::string_view payload);

/// Cuts a byte stream into frames. It keeps at most one incomplete frame, and refuses a length over
/// its limit as soon as it has read it, before any memory is taken.
class FrameDecoder {
 public:
  explicit FrameDecoder(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  struct Frame {
    FrameType type;
    std::string payload;
  };

  /// Takes bytes from the front of `in` until a frame is complete or `in` is empty. Returns whether
  /// a frame was put into `frame`. An error is final: the connection cannot be read further.
  base::Result<bool> next(std::string_view& in, Frame& frame);

 private:
  std::size_t limit_bytes_;
  std::string header_;
  std::string payload_;
  std::size_t wanted_bytes_ = 0;
};

}  // namespace tollgate::dataplane::push
