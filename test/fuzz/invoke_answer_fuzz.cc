#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dataplane/base/hash.h"
#include "dataplane/formats/event_stream.h"
#include "dataplane/providers/bedrock_errors.h"
#include "dataplane/providers/invoke_answer.h"
#include "test/fuzz/split.h"

namespace {

namespace providers = tollgate::dataplane::providers;
namespace formats = tollgate::dataplane::formats;
namespace base = tollgate::dataplane::base;
namespace http = tollgate::dataplane::http;

std::string play(const std::vector<std::string_view>& pieces) {
  base::Arena arena;
  http::ResponseHead* head = http::new_response_head(arena);
  head->status = 200;
  head->framing = http::Framing::kChunked;
  head->fields.add("content-type", "application/vnd.amazon.eventstream");
  providers::InvokeAnswer answer;
  if (!answer.on_head(*head, arena)) std::abort();
  formats::StringSink sink;
  base::Status status;
  for (const std::string_view piece : pieces) {
    if (status = answer.push(piece, sink); !status) break;
  }
  if (status) status = answer.finish(sink);
  if (!status) answer.fail(status.error(), sink);
  if (!sink.text.empty() && !sink.text.ends_with("\n\n")) std::abort();
  return sink.text;
}

}  // namespace

/// The input is payloads of frames, divided by NUL, so that checksums do not stop the fuzzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  providers::anthropic_error_body(text.substr(0, text.size() / 2), 400, text);
  std::string wire;
  while (!text.empty()) {
    const std::size_t end = text.find('\0');
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (part.starts_with('!')) {
      formats::append_event_stream_frame(
          wire, {{":message-type", "exception"}, {":exception-type", "throttlingException"}}, part);
    } else if (part.starts_with('?')) {
      formats::append_event_stream_frame(wire, {{":event-type", "chunk"}}, part.substr(1));
    } else {
      formats::append_event_stream_frame(wire, {{":event-type", "chunk"}},
                                         "{\"bytes\":\"" + base::base64_encode(part) + "\"}");
    }
  }
  if (play({wire}) != play(tollgate::fuzz::pieces_of(wire, data[0]))) std::abort();
  return 0;
}
