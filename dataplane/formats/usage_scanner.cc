#include "dataplane/formats/usage_scanner.h"

#include <algorithm>
#include <optional>
#include <string>

#include "dataplane/base/text.h"
#include "dataplane/formats/byte_search.h"
#include "dataplane/formats/json_skim.h"
#include "dataplane/formats/usage_fields.h"

namespace tollgate::dataplane::formats {
namespace {

using catalog::Format;
using Counter = std::optional<std::uint64_t>;

/// Events at the beginning of a stream that are looked at closely, for the model and the first
/// content; later ones only if they look like usage, end or error.
constexpr std::uint64_t kCloseLookEvents = 8;

/// What a chunk of a stream has around its text; of OpenAI streams it is measured.
constexpr std::size_t kOpenAiEnvelopeBytes = 256;
constexpr std::size_t kAnthropicEnvelopeBytes = 85;

bool speaks_openai(Format format) {
  return format == Format::kOpenAiChat || format == Format::kOpenAiCompletions ||
         format == Format::kOpenAiEmbeddings;
}

/// Whether a chunk has one of the keys `usage`, `finish_reason` and `error` with a value other than
/// null: chunks without are content.
bool has_news(std::string_view json) {
  const char* const end = json.data() + json.size();
  for (const char* p = json.data(); (p = search::usage_key_candidate(p, end)) != end; ++p) {
    std::string_view rest{p, static_cast<std::size_t>(end - p)};
    constexpr std::string_view kKeys[] = {R"("usage")", R"("finish_reason")", R"("error")"};
    for (const std::string_view key : kKeys) {
      if (!rest.starts_with(key)) {
        continue;
      }
      rest = base::trim(rest.substr(key.size()));
      if (rest.starts_with(':') && !base::trim(rest.substr(1)).starts_with('n')) {
        return true;
      }
      break;
    }
  }
  return false;
}

enum class BlockEvent : std::uint8_t { kNo, kDelta, kOther };

constexpr std::string_view kDone = "[DONE]";

/// Whether a JSON object may begin like this.
bool begins_object(std::string_view text) {
  if (!text.starts_with('{')) return false;
  text = base::trim(text.substr(1));
  return text.empty() || text.front() == '"' || text.front() == '}';
}

/// Anthropic writes `type` first, so that most events are known by their beginning: content_block_*
/// events hold nothing to read.
BlockEvent block_event(std::string_view json) {
  constexpr std::string_view kHead = R"({"type":)";
  constexpr std::string_view kBlock = R"("content_block_)";
  if (!json.starts_with(kHead)) {
    return BlockEvent::kNo;
  }
  json.remove_prefix(kHead.size());
  if (json.starts_with(' ')) {
    json.remove_prefix(1);
  }
  if (!json.starts_with(kBlock)) {
    return BlockEvent::kNo;
  }
  return json.substr(kBlock.size()).starts_with("delta\"") ? BlockEvent::kDelta
                                                           : BlockEvent::kOther;
}

void cut_to(std::string& target, std::string_view text, std::size_t limit) {
  target.assign(text.substr(0, limit));
}

}  // namespace

struct UsageScanner::State final : JsonSkimmer::Visitor {
  State(Format format_in, bool streamed_in)
      : streamed(streamed_in),
        openai(speaks_openai(format_in)),
        lists(format_in == Format::kGeminiGenerate),
        places(answer_places(format_in)),
        skimmer(places.nodes),
        envelope_bytes(openai ? kOpenAiEnvelopeBytes : kAnthropicEnvelopeBytes) {}

  void on_found(const JsonSkimmer::Found& found) override;
  void on_number(UsageField field, std::uint64_t value);
  void feed_stream(std::string_view bytes);
  void look_at_beginning(std::string_view text);
  void event_done();
  void set_garbled();
  void line_part(const char* begin, const char* end);
  void line_done();
  void line(std::string_view text);
  void data(std::string_view json);
  void skim(std::string_view json);
  void note_content(std::size_t event_bytes);
  void update();

  bool streamed;
  bool openai;
  bool lists;  // a list of objects is an answer too
  UsagePlaces places;
  JsonSkimmer skimmer;

  Usage usage;
  std::string model;
  std::string finish_reason;
  std::size_t bytes = 0;
  std::uint64_t events = 0;
  std::uint64_t content_events = 0;
  std::size_t content_bytes = 0;
  std::size_t envelope_bytes;
  std::size_t event_text_bytes = 0;
  // As the provider counts them; `usage` is made of these.
  Counter input, output, total, cache_read, cache_write, reasoning;

  std::size_t line_bytes = 0;
  std::string carry;  // a line of which only the beginning has come
  bool skipping = false;
  bool line_has_bytes = false;
  bool after_cr = false;
  bool inside_event = false;
  bool event_has_content = false;
  bool end_marker = false;
  bool error = false;

  search::Nesting nesting;  // of the current event's data
  bool garbled = false;
  std::size_t good_bytes = 0;  // of the current feed, behind the last event that ended in it
  bool began_inside = false;   // the current feed began inside the event that it goes on with
  std::size_t garbled_good_bytes = 0;
  bool garbled_inside = false;
  Whole whole = Whole::kNothing;
  char opened = 0;       // the bracket that it begins with
  bool content = false;  // something of an answer has come
  bool error_member = false;
};

void UsageScanner::State::on_number(UsageField field, std::uint64_t value) {
  // Anthropic repeats its input figures at the end, as 0 where it does not know them any more, and
  // others write zeros into chunks that have none.
  const auto raise = [this, value](Counter& counter) {
    counter = streamed ? std::max(counter.value_or(0), value) : value;
  };
  const auto set_if_missing = [value](Counter& counter) {
    if (!counter || (*counter == 0 && value != 0)) {
      counter = value;
    }
  };
  switch (field) {
    case UsageField::kInput:
      return raise(input);
    case UsageField::kCacheRead:
      return raise(cache_read);
    case UsageField::kCacheWrite:
      return raise(cache_write);
    case UsageField::kOutput:
      // Anthropic's first figure is a beginning, of which the last one need not be more.
      if (openai) return raise(output);
      output = value;
      return;
    case UsageField::kTotal:
      return raise(total);
    case UsageField::kReasoning:
      return raise(reasoning);
    case UsageField::kMetricsInput:
      return set_if_missing(input);
    case UsageField::kMetricsOutput:
      return set_if_missing(output);
    case UsageField::kMetricsCacheRead:
      return set_if_missing(cache_read);
    case UsageField::kMetricsCacheWrite:
      return set_if_missing(cache_write);
    default:
      return;
  }
}

void UsageScanner::State::on_found(const JsonSkimmer::Found& found) {
  const UsageField field = places.fields[found.node];
  const bool is_string = found.kind == JsonSkimmer::Kind::kString;
  switch (field) {
    case UsageField::kNothing:
      return;
    case UsageField::kModel:
      if (is_string && !found.text.empty()) {
        cut_to(model, found.text, kMaxModelBytes);
      }
      return;
    case UsageField::kFinishReason:
      if (is_string && !found.text.empty()) {
        cut_to(finish_reason, found.text, kMaxFinishReasonBytes);
      }
      return;
    case UsageField::kContent:
      event_has_content = event_has_content || found.kind == JsonSkimmer::Kind::kObject ||
                          (is_string && !found.text.empty());
      event_text_bytes += found.text.size();
      content = content || event_has_content;
      return;
    case UsageField::kType:
      error_member = error_member || (is_string && found.text == "error");
      if (streamed && is_string) {
        error = error || found.text == "error";
        end_marker = end_marker || found.text == "message_stop";
        event_has_content = event_has_content || found.text == "content_block_delta";
      }
      return;
    case UsageField::kError:
      error = error || (streamed && (is_string || found.kind == JsonSkimmer::Kind::kObject));
      error_member = error_member || found.kind == JsonSkimmer::Kind::kObject ||
                     (is_string && !found.text.empty());
      return;
    default:
      break;
  }
  if (found.kind != JsonSkimmer::Kind::kLiteral || found.cut) {
    return;
  }
  if (const Counter value = base::parse_u64(found.text); value && *value <= kMaxTokens) {
    on_number(field, *value);
    update();
  }
}

void UsageScanner::State::update() {
  usage.reported = true;
  usage.cached_input = cache_read;
  usage.cache_creation = cache_write;
  usage.output = output;
  usage.reasoning = reasoning;
  usage.input = input;
  if (!openai && input) {
    usage.input = *input + cache_read.value_or(0) + cache_write.value_or(0);
  }
  usage.total = total;
  if (!total && usage.input && output) {
    usage.total = *usage.input + *output;
  }
}

void UsageScanner::State::skim(std::string_view json) {
  event_has_content = false;
  event_text_bytes = 0;
  skimmer.reset();
  skimmer.feed(json, *this);
  if (openai && event_text_bytes < JsonSkimmer::kMaxTextBytes) {
    envelope_bytes =
        std::min(envelope_bytes, json.size() - std::min(event_text_bytes, json.size()));
  }
  if (event_has_content) {
    note_content(json.size());
  }
}

void UsageScanner::State::note_content(std::size_t event_bytes) {
  ++content_events;
  content_bytes += event_bytes - std::min(event_bytes, envelope_bytes);
}

void UsageScanner::State::data(std::string_view json) {
  if (json.empty()) {
    return;
  }
  if (openai && json == kDone) {
    end_marker = true;
    return;
  }
  ++events;
  if (!openai) {
    const BlockEvent block = block_event(json);
    if (block == BlockEvent::kNo) {
      skim(json);
    } else if (block == BlockEvent::kDelta) {
      note_content(json.size());
    }
    return;
  }
  const bool look_closely = events <= kCloseLookEvents && (model.empty() || content_events == 0);
  if (look_closely || has_news(json)) {
    skim(json);
  } else {
    note_content(json.size());
  }
}

void UsageScanner::State::line(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  constexpr std::string_view kData = "data:";
  if (!text.starts_with(kData)) return;
  text = base::trim(text.substr(kData.size()));
  if (!text.empty() && text != kDone) {
    if (nesting.closed() && !begins_object(text)) set_garbled();
    nesting.add(text.data(), text.data() + text.size());
  }
  data(text);
}

void UsageScanner::State::set_garbled() {
  if (garbled) return;
  garbled = true;
  garbled_good_bytes = good_bytes;
  garbled_inside = good_bytes == 0 && began_inside;
}

void UsageScanner::State::event_done() {
  inside_event = false;
  if (!nesting.closed()) set_garbled();
  nesting.reset();
}

/// A whole answer's first bytes: everything else is left to the skimmer.
void UsageScanner::State::look_at_beginning(std::string_view text) {
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (opened == 0) {
      opened = c;
      if (c == '{' || (c == '[' && lists)) continue;
      whole = Whole::kNoObject;
      return;
    }
    const char wanted = opened == '{' ? '"' : '{';
    whole = c == wanted ? Whole::kAnswer : c == '}' || c == ']' ? Whole::kEmpty : Whole::kNoObject;
    return;
  }
}

void UsageScanner::State::line_part(const char* begin, const char* end) {
  if (begin == end) {
    return;
  }
  line_has_bytes = true;
  inside_event = true;
  const auto size = static_cast<std::size_t>(end - begin);
  line_bytes += size;
  if (skipping || carry.size() + size > kMaxLineBytes) {
    skipping = true;
    carry.clear();
    return;
  }
  carry.append(begin, size);
}

void UsageScanner::State::line_done() {
  if (!line_has_bytes) event_done();
  if (skipping) {
    ++events;
    note_content(line_bytes);
  } else if (!carry.empty()) {
    line(carry);
  }
  carry.clear();
  line_bytes = 0;
  skipping = false;
  line_has_bytes = false;
}

void UsageScanner::State::feed_stream(std::string_view in) {
  const char* p = in.data();
  const char* const end = p + in.size();
  good_bytes = 0;
  began_inside = inside_event;
  while (p != end) {
    if (after_cr) {
      after_cr = false;
      if (*p == '\n') {
        ++p;
        continue;
      }
    }
    const char* const stop = search::line_end(p, end);
    if (stop == end) {
      line_part(p, end);
      return;
    }
    if (!line_has_bytes && stop != p && static_cast<std::size_t>(stop - p) <= kMaxLineBytes) {
      inside_event = true;
      line({p, static_cast<std::size_t>(stop - p)});
    } else {
      line_part(p, stop);
      line_done();
    }
    after_cr = *stop == '\r';
    p = stop + 1;
    if (!inside_event) good_bytes = static_cast<std::size_t>(p - in.data());
  }
}

const UsageScanner::State& UsageScanner::state() const {
  static const State kNothingSeen(Format::kNone, false);
  return state_ ? *state_ : kNothingSeen;
}

UsageScanner::UsageScanner(Format format, bool streamed)
    : state_(format == Format::kNone ? nullptr : std::make_unique<State>(format, streamed)) {}
UsageScanner::~UsageScanner() = default;
UsageScanner::UsageScanner(UsageScanner&&) noexcept = default;
UsageScanner& UsageScanner::operator=(UsageScanner&&) noexcept = default;

void UsageScanner::feed(std::string_view bytes) {
  if (!state_) {
    return;
  }
  state_->bytes += bytes.size();
  if (state_->streamed) {
    state_->feed_stream(bytes);
    return;
  }
  if (state_->whole == Whole::kNothing) state_->look_at_beginning(bytes);
  state_->skimmer.feed(bytes, *state_);
  state_->end_marker = state_->skimmer.complete();
}

void UsageScanner::finish() {
  if (!state_ || !state_->streamed) return;
  state_->good_bytes = 0;
  state_->began_inside = state_->inside_event;
  if (state_->line_has_bytes) state_->line_done();
  if (!state_->nesting.closed()) state_->set_garbled();
}

const Usage& UsageScanner::usage() const {
  return state().usage;
}
std::string_view UsageScanner::model() const {
  return state().model;
}
std::string_view UsageScanner::finish_reason() const {
  return state().finish_reason;
}
bool UsageScanner::saw_end_marker() const {
  return state().end_marker;
}
bool UsageScanner::saw_error() const {
  return state().error;
}
bool UsageScanner::ended_cleanly() const {
  return state().end_marker ||
         (state().streamed && state().openai && !state().finish_reason.empty());
}
bool UsageScanner::garbled() const {
  return state().garbled;
}
std::size_t UsageScanner::good_bytes() const {
  return state().garbled_good_bytes;
}
bool UsageScanner::garbled_inside_event() const {
  return state().garbled_inside;
}
UsageScanner::Whole UsageScanner::whole() const {
  const State& seen = state();
  const bool nothing_else =
      !seen.content && !seen.usage.reported && seen.model.empty() && seen.finish_reason.empty();
  return seen.whole == Whole::kAnswer && seen.error_member && nothing_else ? Whole::kError
                                                                           : seen.whole;
}
std::uint64_t UsageScanner::content_events() const {
  return state().content_events;
}
std::size_t UsageScanner::content_bytes() const {
  return state().streamed ? state().content_bytes : state().bytes;
}
std::size_t UsageScanner::bytes_seen() const {
  return state().bytes;
}
bool UsageScanner::inside_event() const {
  return state().inside_event;
}

}  // namespace tollgate::dataplane::formats
