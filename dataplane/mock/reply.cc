#include "dataplane/mock/reply.h"

#include <algorithm>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"

namespace tollgate::dataplane::mock {

namespace {

constexpr std::size_t kFaultAfter = 3;  // events before a fault in the middle
constexpr std::string_view kHtmlPage =
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";

void apply_fault(const Directives& directives, const Shape& shape, std::size_t closing,
                 std::vector<std::string>& events, Reply& reply) {
  const std::size_t middle = std::min(kFaultAfter, events.size() - 1);
  const auto at = events.begin() + static_cast<std::ptrdiff_t>(middle);
  switch (directives.fault) {
    case Fault::kErrorIn200:
      events = {shape.error_event()};
      return;
    case Fault::kStreamError:
      events.resize(middle);
      events.push_back(shape.error_event());
      return;
    case Fault::kCut:
      events.resize(middle);
      reply.end = End::kReset;
      return;
    case Fault::kEarlyCut:
      events.clear();
      reply.end = End::kReset;
      return;
    case Fault::kGarbage:
      events.insert(at, shape.frame(shape.piece_type, "{\"broken\": "));
      return;
    case Fault::kUnfinished:
      events.resize(events.size() - std::min(closing, events.size()));
      return;
    case Fault::kDisorder:
      if (events.size() > kFaultAfter) std::swap(events.front(), events[middle]);
      return;
    case Fault::kUnknown:
      events.insert(at, shape.frame("mock_news", R"({"type":"mock_news","news":[1,2]})"));
      return;
    case Fault::kNone:
    case Fault::kHtml:
    case Fault::kEmpty:
      return;
  }
}

}  // namespace

Reply json_reply(int status, std::string body, Headers headers) {
  Reply reply;
  reply.status = status;
  reply.headers = std::move(headers);
  reply.headers.emplace_back("content-type", "application/json");
  reply.chunks.push_back({std::move(body), {}});
  return reply;
}

Reply send_whole(const Directives& directives, const Shape& shape, std::string body,
                 Headers headers) {
  if (directives.fault == Fault::kStreamError) {
    return shape.error(500, "The stream that was asked for is none.");
  }
  const std::size_t half = body.size() / 2;
  std::optional<std::size_t> keep = directives.cut_after;
  if (directives.fault == Fault::kCut) keep = half;
  if (directives.fault == Fault::kEarlyCut) keep = 0;
  if (directives.fault == Fault::kGarbage || directives.fault == Fault::kUnfinished) {
    body.resize(half);
  }
  Reply reply = json_reply(200, std::move(body), std::move(headers));
  Chunk& chunk = reply.chunks.front();
  chunk.delay = directives.delay;
  if (keep) {
    const std::size_t kept = std::min(*keep, chunk.bytes.size());
    reply.missing_bytes = chunk.bytes.size() - kept;
    chunk.bytes.resize(kept);
    reply.end = End::kReset;
  }
  if (directives.hang) reply.end = End::kHang;
  return reply;
}

Reply send_stream(const Directives& directives, const Shape& shape, std::vector<std::string> events,
                  std::size_t closing, Headers headers) {
  Reply reply;
  reply.streamed = true;
  reply.headers = std::move(headers);
  reply.headers.emplace_back("content-type", shape.stream_type);
  apply_fault(directives, shape, closing, events, reply);
  if (directives.fail_after && *directives.fail_after < events.size()) {
    events.resize(*directives.fail_after);
    events.push_back(shape.error_event());
  }
  if (directives.cut_after && *directives.cut_after < events.size()) {
    events.resize(*directives.cut_after);
    reply.end = End::kReset;
  }
  if (directives.hang && !events.empty()) {
    events.pop_back();
    reply.end = End::kHang;
  }
  for (std::string& event : events) {
    reply.chunks.push_back({std::move(event), directives.delay});
  }
  return reply;
}

std::optional<Reply> early_fault(const Directives& directives, const Shape& shape, bool stream) {
  if (directives.status != 0) return shape.error(directives.status, "As the request asked.");
  Reply reply;
  if (directives.fault == Fault::kHtml) {
    reply.status = 502;
    reply.headers = {{"content-type", "text/html"}};
    reply.chunks.push_back({std::string(kHtmlPage), {}});
    return reply;
  }
  if (directives.fault == Fault::kEmpty) {
    reply.status = 500;
    return reply;
  }
  if (directives.fault == Fault::kErrorIn200 && !stream) {
    reply = shape.error(500, "As the request asked.");
    reply.status = 200;
    return reply;
  }
  return std::nullopt;
}

std::optional<Reply> check_framing(const Call& call, const Shape& shape) {
  const http::RequestHead& head = *call.head;
  if (head.framing != http::Framing::kLength) {
    return shape.error(411, "A Content-Length is required.");
  }
  const std::string type = base::to_lower(head.fields.value_of("content-type"));
  if (base::trim(std::string_view(type).substr(0, type.find(';'))) != "application/json") {
    return shape.error(415, "The body must be application/json.");
  }
  return std::nullopt;
}

bool has_model(const ModelHost& host, std::string_view model) {
  return host.models.empty() || is_fault_model(model) ||
         std::find(host.models.begin(), host.models.end(), model) != host.models.end();
}

std::string sse_event(std::string_view type, std::string_view json) {
  std::string out;
  if (!type.empty()) out = "event: " + std::string(type) + "\n";
  return out + "data: " + std::string(json) + "\n\n";
}

std::string make_id(std::string_view prefix, const Call& call) {
  return std::string(prefix) + base::to_hex(base::hash128(call.body)).substr(0, 24);
}

std::int64_t unix_seconds(const Call& call) {
  return std::chrono::system_clock::to_time_t(call.now);
}

std::vector<double> embed(std::string_view text, std::size_t size) {
  std::vector<double> vector(std::min(size, kLargestEmbedding));
  std::uint64_t state = base::hash128(text).low;
  for (double& number : vector) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    number = static_cast<double>(state >> 40U) / static_cast<double>(1U << 24U) - 0.5;
  }
  return vector;
}

std::optional<std::string> unescape(std::string_view text, bool plus_is_space) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) {
        return std::nullopt;
      }
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    }
  }
  return out;
}

std::optional<std::string> decode_media(std::string_view base64) {
  std::string text(base64);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return base::base64_decode(text);
}

}  // namespace tollgate::dataplane::mock
