#include <array>
#include <charconv>
#include <cmath>

#include "dataplane/base/text.h"
#include "dataplane/telemetry/access_log.h"

namespace tollgate::dataplane::telemetry {

namespace {

constexpr std::size_t kMaxTextBytes = 2048;
/// Where Envoy AI Gateway puts what llmRequestCosts computes; access logs that were made for it
/// read these names.
constexpr std::string_view kCostNamespace = "io.envoy.ai_gateway:";
constexpr std::string_view kRedacted = "REDACTED";

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void text_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(",\"").append(name).append("\":");
  base::append_json_string(out, value.substr(0, kMaxTextBytes));
}

void number_member(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(",\"").append(name).append("\":");
  append_number(out, value);
}

void number_member(std::string& out, std::string_view name,
                   const std::optional<std::uint64_t>& value) {
  if (value) number_member(out, name, *value);
}

/// Milliseconds with three decimals.
void duration_member(std::string& out, std::string_view name, std::chrono::nanoseconds value) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::microseconds>(value).count()));
  out.append(",\"").append(name).append("\":");
  append_number(out, micros / 1000);
  const std::uint64_t rest = micros % 1000;
  const std::array<char, 4> decimals{'.', static_cast<char>('0' + rest / 100),
                                     static_cast<char>('0' + rest / 10 % 10),
                                     static_cast<char>('0' + rest % 10)};
  out.append(decimals.data(), decimals.size());
}

void flag_member(std::string& out, std::string_view name, bool value) {
  if (value) out.append(",\"").append(name).append("\":true");
}

/// RFC 3339 with milliseconds, UTC. The calendar part is worked out once per second and thread.
void append_time(std::string& out, base::WallTime time) {
  using std::chrono::floor;
  thread_local std::int64_t cached_second = INT64_MIN;
  thread_local std::array<char, 20> text{};
  const auto seconds = floor<std::chrono::seconds>(time);
  const std::int64_t second = seconds.time_since_epoch().count();
  if (second != cached_second) {
    cached_second = second;
    const auto day = floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(seconds - day);
    const auto put = [&](std::size_t at, unsigned value, unsigned digits) {
      for (unsigned i = digits; i > 0; --i, value /= 10) {
        text[at + i - 1] = static_cast<char>('0' + value % 10);
      }
    };
    text = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0',
            'T', '0', '0', ':', '0', '0', ':', '0', '0', '.'};
    put(0, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put(5, static_cast<unsigned>(date.month()), 2);
    put(8, static_cast<unsigned>(date.day()), 2);
    put(11, static_cast<unsigned>(clock.hours().count()), 2);
    put(14, static_cast<unsigned>(clock.minutes().count()), 2);
    put(17, static_cast<unsigned>(clock.seconds().count()), 2);
  }
  const auto millis = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds).count());
  out.append(text.data(), text.size());
  out += static_cast<char>('0' + millis / 100);
  out += static_cast<char>('0' + millis / 10 % 10);
  out += static_cast<char>('0' + millis % 10);
  out += 'Z';
}

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 9> kParts{
      "key", "token", "secret", "password", "passwd", "signature", "sig", "auth", "credential"};
  const std::string lower = base::to_lower(name);
  for (const std::string_view part : kParts) {
    if (lower.find(part) != std::string::npos) return true;
  }
  return lower == "code" || lower == "pwd";
}

void query_member(std::string& out, std::string_view query) {
  if (query.empty()) return;
  std::string text;
  for (const std::string_view piece : base::split(query.substr(0, kMaxTextBytes), '&')) {
    if (!text.empty()) text += '&';
    const std::size_t equals = piece.find('=');
    // An escaped name could hide what it says, so its value is not shown either.
    const bool hidden = equals != std::string_view::npos &&
                        (is_secret_name(piece.substr(0, equals)) ||
                         piece.substr(0, equals).find('%') != std::string_view::npos);
    text.append(hidden ? piece.substr(0, equals + 1) : piece);
    if (hidden) text += kRedacted;
  }
  text_member(out, "query", text);
}

void ai_members(std::string& out, const Record& record) {
  text_member(out, "operation", record.operation);
  text_member(out, "provider", record.provider);
  text_member(out, "model_requested", record.model_requested);
  text_member(out, "model_sent", record.model_sent);
  text_member(out, "model_answered", record.model_answered);
  number_member(out, "input_tokens", record.tokens.input);
  number_member(out, "cached_input_tokens", record.tokens.cached_input);
  number_member(out, "cache_creation_tokens", record.tokens.cache_creation);
  number_member(out, "output_tokens", record.tokens.output);
  number_member(out, "reasoning_tokens", record.tokens.reasoning);
  number_member(out, "total_tokens", record.tokens.total);
  flag_member(out, "tokens_estimated", record.tokens.estimated);
  flag_member(out, "streamed", record.streamed);
  if (record.first_token) duration_member(out, "first_token_ms", *record.first_token);
}

}  // namespace

void append_access_line(std::string& out, const Record& record) {
  out += "{\"time\":\"";
  append_time(out, record.started);
  out += '"';
  text_member(out, "request_id", record.request_id);
  text_member(out, "peer", record.peer);
  text_member(out, "method", record.method);
  text_member(out, "host", record.host);
  text_member(out, "path", record.path);
  query_member(out, record.query);
  number_member(out, "status", static_cast<std::uint64_t>(record.status));
  number_member(out, "request_bytes", record.request_bytes);
  number_member(out, "response_bytes", record.response_bytes);
  duration_member(out, "duration_ms", record.duration);
  if (record.upstream_head) duration_member(out, "upstream_head_ms", *record.upstream_head);
  text_member(out, "listener", record.listener);
  text_member(out, "route", record.route);
  text_member(out, "rule", record.rule);
  text_member(out, "backend", record.backend);
  if (record.attempts > 1) number_member(out, "attempts", record.attempts);
  if (!record.operation.empty()) ai_members(out, record);
  for (const CostEntry& cost : record.costs) {
    out += ",";
    std::string name(kCostNamespace);
    name += cost.key;
    base::append_json_string(out, name);
    out += ':';
    append_number(out, cost.amount);
  }
  for (const LimitEntry& limit : record.limits) {
    if (limit.result != "refused") continue;
    text_member(out, "limited_by", limit.policy);
    text_member(out, "limit", limit.limit);
    break;
  }
  text_member(out, "error", record.error);
  flag_member(out, "client_left", record.client_left);
  flag_member(out, "cut", record.cut);
  out += "}\n";
}

}  // namespace tollgate::dataplane::telemetry
