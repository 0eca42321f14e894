#include "dataplane/http/h1/encoder.h"
#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/http/hop_by_hop.h"
#include "dataplane/http/path.h"
#include "test/dataplane/http/h1/replay.h"
#include "test/fuzz/http_properties.h"

namespace http = tollgate::dataplane::http;
namespace h1 = tollgate::dataplane::http::h1;
using tollgate::fuzz::broken;

namespace {

/// What goes upstream for an accepted head is one head that nobody can misread.
void check_written(http::RequestHead& head) {
  http::strip_hop_by_hop(head.fields);
  std::string text;
  if (!h1::write_request_head(head, text)) {
    if (head.authority.empty()) return;  // HTTP/1.0 without Host
    broken("an accepted head cannot be written", tollgate::test::describe(head), {});
  }
  tollgate::fuzz::StrictHead strict;
  if (!tollgate::fuzz::strict_head(text, strict) || strict.hosts != 1 ||
      strict.lengths + strict.codings > 1) {
    broken("a written head is ambiguous", text, {});
  }
  const std::string_view line = strict.first_line;
  if (std::count(line.begin(), line.end(), ' ') != 2 || !line.ends_with(" HTTP/1.1")) {
    broken("a written request line is ambiguous", text, {});
  }
  tollgate::dataplane::base::Arena arena;
  h1::RequestDecoder again;
  const h1::RequestStep step = again.feed(text, arena);
  if (step.event != h1::Event::kHead || step.consumed != text.size()) {
    broken("a written head is not accepted", text, {});
  }
  if (step.head->path != head.path || step.head->authority != head.authority ||
      step.head->framing != head.framing) {
    const bool length_added =
        head.framing == http::Framing::kNone && step.head->framing == http::Framing::kLength;
    if (!length_added) broken("a written head reads differently", text, {});
  }
}

void check_path(std::string_view path) {
  for (const bool merge : {true, false}) {
    for (const auto slash : {http::EscapedSlash::kKeep, http::EscapedSlash::kUnescape}) {
      tollgate::dataplane::base::Arena arena;
      const http::PathPolicy policy{merge, slash};
      const auto once = http::normalize_path(path, policy, arena);
      if (!once) continue;
      const auto twice = http::normalize_path(once->path, policy, arena);
      if (!twice || twice->path != once->path || twice->changed) {
        broken("a normal path is changed again", path, once->path);
      }
      const std::string slashed = std::string(once->path) + "/";
      if (slashed.find("/../") != std::string::npos || slashed.find("/./") != std::string::npos) {
        broken("a dot segment is left", path, once->path);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = tollgate::fuzz::divide(data, size);
  if (input.whole.empty()) return 0;
  const std::string whole =
      tollgate::fuzz::without_status(tollgate::test::request_transcript({input.whole}));
  const std::string split =
      tollgate::fuzz::without_status(tollgate::test::request_transcript(input.pieces));
  if (whole != split) broken("pieces are read differently", whole, split);

  tollgate::dataplane::base::Arena arena;
  h1::RequestDecoder decoder;
  std::string_view rest = input.whole;
  while (true) {
    const h1::RequestStep step = decoder.feed(rest, arena);
    rest.remove_prefix(step.consumed);
    if (step.event == h1::Event::kHead) {
      check_path(step.head->path);
      check_written(*step.head);
    }
    if (step.event == h1::Event::kError || step.event == h1::Event::kNeedMore) return 0;
  }
}
