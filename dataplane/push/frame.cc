#include "dataplane/push/frame.h"

#include <algorithm>

namespace tollgate::dataplane::push {

namespace {

/// A long payload is taken as it arrives, not reserved at once: a peer that announces much and
/// sends little costs little.
constexpr std::size_t kReserveBytes = 64U << 10U;

bool known(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(FrameType::kHello) &&
         type <= static_cast<std::uint8_t>(FrameType::kRole);
}

}  // namespace

void append_frame(std::string& out, FrameType type, std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((size >> shift) & 255U));
  }
  out.push_back(static_cast<char>(type));
  out.append(payload);
}

base::Result<bool> FrameDecoder::next(std::string_view& in, Frame& frame) {
  if (header_.size() < kFrameHeaderBytes) {
    const std::size_t taken = std::min(in.size(), kFrameHeaderBytes - header_.size());
    header_.append(in.substr(0, taken));
    in.remove_prefix(taken);
    if (header_.size() < kFrameHeaderBytes) return false;
    wanted_bytes_ = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      wanted_bytes_ = (wanted_bytes_ << 8U) | static_cast<unsigned char>(header_[i]);
    }
    if (wanted_bytes_ > limit_bytes_) {
      return base::backend_error(base::Code::kLimitExceeded, false,
                                 "a push frame of " + std::to_string(wanted_bytes_) +
                                     " bytes is over the limit of " + std::to_string(limit_bytes_));
    }
    if (!known(static_cast<std::uint8_t>(header_[4]))) {
      return base::backend_error(
          base::Code::kProtocol, false,
          "unknown push frame type " + std::to_string(static_cast<unsigned char>(header_[4])));
    }
    payload_.reserve(std::min(wanted_bytes_, kReserveBytes));
  }
  const std::size_t taken = std::min(in.size(), wanted_bytes_ - payload_.size());
  payload_.append(in.substr(0, taken));
  in.remove_prefix(taken);
  if (payload_.size() < wanted_bytes_) return false;
  frame.type = static_cast<FrameType>(header_[4]);
  frame.payload = std::move(payload_);
  payload_.clear();
  header_.clear();
  return true;
}

}  // namespace tollgate::dataplane::push
