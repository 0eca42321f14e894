#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/http/h1/response_decoder.h"

// What decoders make of a byte stream, written down as text, so that two ways of feeding the same
// bytes can be compared.
namespace tollgate::test {

using Pieces = std::vector<std::string_view>;

inline void describe_fields(const dataplane::http::FieldList& fields, std::string& out) {
  for (const auto& field : fields) {
    out.append(" [").append(field.name).append(": ").append(field.value).append("]");
  }
}

inline std::string framing_name(dataplane::http::Framing framing, std::uint64_t length) {
  switch (framing) {
    case dataplane::http::Framing::kNone:
      return "none";
    case dataplane::http::Framing::kLength:
      return "length " + std::to_string(length);
    case dataplane::http::Framing::kChunked:
      return "chunked";
    case dataplane::http::Framing::kUntilClose:
      return "close";
  }
  return "?";
}

inline std::string describe(const dataplane::http::RequestHead& head) {
  std::string out = "HEAD ";
  out.append(head.method).append(" ").append(head.scheme).append("|").append(head.authority);
  out.append("|").append(head.path).append(head.has_query ? "?" : "").append(head.query);
  out.append(" ").append(framing_name(head.framing, head.content_length));
  if (!head.keep_alive) out += " close";
  if (head.expect_continue) out += " expect";
  if (!head.upgrade.empty()) out.append(" upgrade=").append(head.upgrade);
  describe_fields(head.fields, out);
  return out + "\n";
}

inline std::string describe(const dataplane::http::ResponseHead& head) {
  std::string out = "HEAD " + std::to_string(head.status) + " " + std::string(head.reason) + " " +
                    framing_name(head.framing, head.content_length);
  if (!head.keep_alive) out += " close";
  describe_fields(head.fields, out);
  return out + "\n";
}

/// Feeds pieces to a decoder until the end, an error, or what the decoder leaves alone.
template <typename Decoder>
std::string transcript_of(Decoder& decoder, const Pieces& pieces,
                          const std::function<void(Decoder&)>& at_message_end) {
  using dataplane::http::h1::Event;
  dataplane::base::Arena arena;
  std::string out;
  bool in_data = false;
  for (const std::string_view piece : pieces) {
    // A copy of its own, so that a view that outlives its input shows under ASan.
    const std::string input(piece);
    std::string_view rest = input;
    bool more = true;
    while (more) {
      const auto step = decoder.feed(rest, arena);
      rest.remove_prefix(step.consumed);
      if (step.event != Event::kData && step.event != Event::kNeedMore && in_data) {
        out += "\n";
        in_data = false;
      }
      switch (step.event) {
        case Event::kNeedMore:
          more = false;
          break;
        case Event::kInformational:
          out += "INFO " + describe(*step.head);
          break;
        case Event::kHead:
          out += describe(*step.head);
          break;
        case Event::kData:
          if (!in_data) out += "DATA ";
          in_data = true;
          out += step.data;
          break;
        case Event::kTrailers:
          out += "TRAILERS";
          describe_fields(*step.trailers, out);
          out += "\n";
          break;
        case Event::kMessageEnd:
          out += "END\n";
          at_message_end(decoder);
          more = !rest.empty();
          break;
        case Event::kError:
          out += "ERROR " + std::to_string(step.error.status) + "\n";
          return out;
      }
    }
  }
  if (in_data) out += "\n";
  return out;
}

inline std::string request_transcript(const Pieces& pieces,
                                      const dataplane::http::h1::Limits& limits = {}) {
  using dataplane::http::h1::AtEof;
  using dataplane::http::h1::RequestDecoder;
  RequestDecoder decoder(limits);
  std::string out = transcript_of<RequestDecoder>(decoder, pieces, [](RequestDecoder&) {});
  return out + (decoder.at_eof() == AtEof::kClean ? "CLEAN" : "TRUNCATED");
}

struct ResponseTo {
  std::string_view method = "GET";
  bool upgrade = false;
};

/// One response; `follow` says how many more requests of the same kind were sent.
inline std::string response_transcript(const Pieces& pieces, const ResponseTo& to = {},
                                       int follow = 0,
                                       const dataplane::http::h1::Limits& limits =
                                           dataplane::http::h1::ResponseDecoder::default_limits()) {
  using dataplane::http::h1::AtEof;
  using dataplane::http::h1::ResponseDecoder;
  ResponseDecoder decoder(limits);
  decoder.start(to.method, to.upgrade);
  std::string out = transcript_of<ResponseDecoder>(decoder, pieces, [&](ResponseDecoder& d) {
    if (follow-- > 0 && d.reusable()) d.start(to.method, to.upgrade);
  });
  const bool reusable = decoder.reusable();
  switch (decoder.at_eof()) {
    case AtEof::kClean:
      return out + (decoder.tunnel() ? "TUNNEL" : reusable ? "REUSABLE" : "SPENT");
    case AtEof::kMessageEnd:
      return out + "END AT CLOSE";
    case AtEof::kTruncated:
      return out + "TRUNCATED";
  }
  return out;
}

/// Every division in two, and byte by byte; `check` gets each.
inline void for_all_splits(std::string_view bytes,
                           const std::function<void(const Pieces&, const std::string&)>& check) {
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    check({bytes.substr(0, at), bytes.substr(at)}, "split at " + std::to_string(at));
  }
  Pieces single;
  for (std::size_t at = 0; at < bytes.size(); ++at) single.push_back(bytes.substr(at, 1));
  check(single, "byte by byte");
}

}  // namespace tollgate::test
