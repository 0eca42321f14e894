#include "dataplane/formats/event_stream.h"

#include <algorithm>
#include <array>

namespace tollgate::dataplane::formats {
namespace {

constexpr std::size_t kPreludeBytes = 12;
constexpr std::size_t kMessageCrcBytes = 4;
constexpr std::size_t kMinFrameBytes = kPreludeBytes + kMessageCrcBytes;

constexpr std::size_t kSlices = 8;
using CrcTables = std::array<std::array<std::uint32_t, 256>, kSlices>;

/// Tables for eight bytes at a time: tables[k][b] is the effect of byte b with k bytes behind it.
constexpr CrcTables make_tables() {
  CrcTables tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t value = b;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    tables[0][b] = value;
  }
  for (std::size_t k = 1; k < kSlices; ++k) {
    for (std::size_t b = 0; b < 256; ++b) {
      const std::uint32_t before = tables[k - 1][b];
      tables[k][b] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}
constexpr CrcTables kTables = make_tables();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t big_endian_32(std::string_view bytes, std::size_t at) {
  return (byte_at(bytes, at) << 24U) | (byte_at(bytes, at + 1) << 16U) |
         (byte_at(bytes, at + 2) << 8U) | byte_at(bytes, at + 3);
}

void append_big_endian_32(std::string& out, std::uint32_t value) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    out += static_cast<char>((value >> shift) & 0xFFU);
  }
}

constexpr std::uint8_t kStringType = 7;

/// Bytes of a header's value by its type; for byte arrays and strings the size is in the header.
bool value_size(std::uint8_t type, std::string_view headers, std::size_t& at, std::size_t& size) {
  constexpr std::array<std::size_t, 10> kSizes{0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
  if (type == 6 || type == kStringType) {
    if (headers.size() - at < 2) {
      return false;
    }
    size = (byte_at(headers, at) << 8U) | byte_at(headers, at + 1);
    at += 2;
  } else if (type < kSizes.size()) {
    size = kSizes[type];
  } else {
    return false;
  }
  return headers.size() - at >= size;
}

void keep_header(EventStreamFrame& frame, std::string_view name, std::string_view value) {
  if (name == ":message-type") {
    frame.message_type = value;
  } else if (name == ":event-type") {
    frame.event_type = value;
  } else if (name == ":exception-type") {
    frame.exception_type = value;
  } else if (name == ":error-code") {
    frame.error_code = value;
  } else if (name == ":error-message") {
    frame.error_message = value;
  }
}

bool read_headers(std::string_view headers, EventStreamFrame& frame) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < headers.size(); ++count) {
    const std::size_t name_size = byte_at(headers, at++);
    if (count == EventStreamDecoder::kMaxHeaders || name_size == 0 ||
        headers.size() - at < name_size + 1) {
      return false;
    }
    const std::string_view name = headers.substr(at, name_size);
    at += name_size;
    const auto type = static_cast<std::uint8_t>(headers[at++]);
    std::size_t size = 0;
    if (!value_size(type, headers, at, size)) {
      return false;
    }
    if (type == kStringType) {
      keep_header(frame, name, headers.substr(at, size));
    }
    at += size;
  }
  return true;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  std::size_t at = 0;
  for (; bytes.size() - at >= kSlices; at += kSlices) {
    const auto word = [&bytes](std::size_t i) {
      return byte_at(bytes, i) | (byte_at(bytes, i + 1) << 8U) | (byte_at(bytes, i + 2) << 16U) |
             (byte_at(bytes, i + 3) << 24U);
    };
    const std::uint32_t low = word(at) ^ crc;
    const std::uint32_t high = word(at + 4);
    crc = kTables[7][low & 0xFFU] ^ kTables[6][(low >> 8U) & 0xFFU] ^
          kTables[5][(low >> 16U) & 0xFFU] ^ kTables[4][low >> 24U] ^ kTables[3][high & 0xFFU] ^
          kTables[2][(high >> 8U) & 0xFFU] ^ kTables[1][(high >> 16U) & 0xFFU] ^
          kTables[0][high >> 24U];
  }
  for (; at < bytes.size(); ++at) {
    crc = (crc >> 8U) ^ kTables[0][(crc ^ byte_at(bytes, at)) & 0xFFU];
  }
  return ~crc;
}

EventStreamDecoder::Step EventStreamDecoder::fail(std::string_view reason) {
  failed_ = true;
  held_.clear();
  return {What::kError, 0, {}, reason};
}

/// `frame` is one whole message.
EventStreamDecoder::Step EventStreamDecoder::take(std::string_view frame, std::size_t consumed) {
  const std::size_t body_end = frame.size() - kMessageCrcBytes;
  if (crc32(frame.substr(0, body_end)) != big_endian_32(frame, body_end)) {
    return fail("message checksum of the event stream does not match");
  }
  const std::size_t headers_size = big_endian_32(frame, 4);
  Step step{What::kFrame, consumed, {}, {}};
  if (!read_headers(frame.substr(kPreludeBytes, headers_size), step.frame)) {
    return fail("headers of an event stream message are malformed");
  }
  const std::size_t payload = kPreludeBytes + headers_size;
  step.frame.payload = frame.substr(payload, body_end - payload);
  return step;
}

EventStreamDecoder::Step EventStreamDecoder::feed(std::string_view in) {
  if (failed_) {
    return fail("the event stream is broken");
  }
  if (held_done_) {
    held_.clear();
    held_done_ = false;
  }
  std::size_t consumed = 0;
  if (!held_.empty() && held_.size() < kPreludeBytes) {
    consumed = std::min(in.size(), kPreludeBytes - held_.size());
    held_.append(in.substr(0, consumed));
  }
  const std::string_view start = held_.empty() ? in : std::string_view(held_);
  if (start.size() < kPreludeBytes) {
    if (held_.empty()) {
      held_.assign(in);
    }
    return {What::kNeedMore, in.size(), {}, {}};
  }
  const std::size_t total = big_endian_32(start, 0);
  const std::size_t headers_size = big_endian_32(start, 4);
  if (crc32(start.substr(0, 8)) != big_endian_32(start, 8)) {
    return fail("prelude checksum of the event stream does not match");
  }
  if (total > kMaxFrameBytes || headers_size > kMaxHeadersBytes) {
    return fail("message of the event stream is too large");
  }
  if (total < kMinFrameBytes || headers_size > total - kMinFrameBytes) {
    return fail("lengths in the event stream's prelude are impossible");
  }
  if (held_.empty()) {
    if (in.size() >= total) {
      return take(in.substr(0, total), total);
    }
    held_.assign(in);
    return {What::kNeedMore, in.size(), {}, {}};
  }
  const std::size_t more = std::min(in.size() - consumed, total - held_.size());
  held_.append(in.substr(consumed, more));
  consumed += more;
  if (held_.size() < total) {
    return {What::kNeedMore, consumed, {}, {}};
  }
  held_done_ = true;
  return take(held_, consumed);
}

void append_event_stream_frame(std::string& out, std::initializer_list<EventStreamHeader> headers,
                               std::string_view payload) {
  std::string encoded;
  for (const EventStreamHeader& header : headers) {
    encoded += static_cast<char>(header.name.size());
    encoded += header.name;
    encoded += static_cast<char>(kStringType);
    encoded += static_cast<char>((header.value.size() >> 8U) & 0xFFU);
    encoded += static_cast<char>(header.value.size() & 0xFFU);
    encoded += header.value;
  }
  const std::size_t start = out.size();
  append_big_endian_32(
      out, static_cast<std::uint32_t>(kMinFrameBytes + encoded.size() + payload.size()));
  append_big_endian_32(out, static_cast<std::uint32_t>(encoded.size()));
  append_big_endian_32(out, crc32(std::string_view(out).substr(start)));
  out += encoded;
  out += payload;
  append_big_endian_32(out, crc32(std::string_view(out).substr(start)));
}

}  // namespace tollgate::dataplane::formats
