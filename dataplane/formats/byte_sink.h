#pragma once

#include <string>
#include <string_view>

namespace tollgate::dataplane::formats {

/// Where filters and translators put the bytes that the client shall get. The bytes are copied (or
/// queued) before `write` returns; what they are stored in is the caller's affair.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(std::string_view bytes) = 0;
};

/// A sink that collects everything in a string.
class StringSink final : public ByteSink {
 public:
  void write(std::string_view bytes) override { text.append(bytes); }
  std::string text;
};

}  // namespace tollgate::dataplane::formats
