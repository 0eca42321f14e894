#include "dataplane/http/h1/encoder.h"
#include "dataplane/http/h1/response_decoder.h"
#include "dataplane/http/hop_by_hop.h"
#include "test/dataplane/http/h1/replay.h"
#include "test/fuzz/http_properties.h"

namespace http = tollgate::dataplane::http;
namespace h1 = tollgate::dataplane::http::h1;
using tollgate::fuzz::broken;

namespace {

/// What goes to the client for an accepted head is one head that nobody can misread.
void check_written(http::ResponseHead& head, std::string_view method) {
  http::strip_hop_by_hop(head.fields);
  h1::ResponseContext context;
  context.request_method = method;
  if (head.status == 101) context.upgrade = "websocket";
  std::string text;
  if (!h1::write_response_head(head, context, text)) {
    broken("an accepted head cannot be written", tollgate::test::describe(head), {});
  }
  tollgate::fuzz::StrictHead strict;
  if (!tollgate::fuzz::strict_head(text, strict) || strict.lengths + strict.codings > 1) {
    broken("a written head is ambiguous", text, {});
  }
  tollgate::dataplane::base::Arena arena;
  h1::ResponseDecoder again;
  again.start(method, head.status == 101);
  const h1::ResponseStep step = again.feed(text, arena);
  if (step.head == nullptr || step.head->status != head.status ||
      step.head->framing != head.framing || step.consumed != text.size()) {
    broken("a written head reads differently", text, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "CONNECT", "POST"};
  const tollgate::test::ResponseTo to{kMethods[data[0] % 4], (data[0] & 4U) != 0};
  const int follow = (data[0] & 8U) != 0 ? 2 : 0;
  const auto input = tollgate::fuzz::divide(data + 1, size - 1);
  if (input.whole.empty()) return 0;
  const std::string whole = tollgate::test::response_transcript({input.whole}, to, follow);
  const std::string split = tollgate::test::response_transcript(input.pieces, to, follow);
  if (whole != split) broken("pieces are read differently", whole, split);

  tollgate::dataplane::base::Arena arena;
  h1::ResponseDecoder decoder;
  decoder.start(to.method, to.upgrade);
  std::string_view rest = input.whole;
  while (true) {
    const h1::ResponseStep step = decoder.feed(rest, arena);
    rest.remove_prefix(step.consumed);
    if (step.event == h1::Event::kHead) check_written(*step.head, to.method);
    if (step.event == h1::Event::kError || step.event == h1::Event::kNeedMore ||
        step.event == h1::Event::kMessageEnd) {
      return 0;
    }
  }
}
