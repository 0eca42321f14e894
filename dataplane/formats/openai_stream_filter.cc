#include "dataplane/formats/openai_stream_filter.h"

#include <array>

#include "dataplane/base/text.h"
#include "dataplane/formats/byte_search.h"
#include "dataplane/formats/json_skim.h"

namespace tollgate::dataplane::formats {
namespace {

constexpr std::array<SkimNode, 3> kNodes{{{0, ""}, {0, "usage"}, {0, "choices"}}};

struct ChunkLook final : JsonSkimmer::Visitor {
  void on_found(const JsonSkimmer::Found& found) override {
    usage = usage || (found.node == 1 && found.kind == JsonSkimmer::Kind::kObject);
    no_choices = no_choices || (found.node == 2 && found.kind == JsonSkimmer::Kind::kEmptyArray);
  }
  bool usage = false;
  bool no_choices = false;
};

/// Cheap test that most events fail.
bool may_hold_usage(std::string_view event) {
  const char* const end = event.data() + event.size();
  for (const char* p = event.data(); (p = search::usage_key_candidate(p, end)) != end; ++p) {
    std::string_view rest{p, static_cast<std::size_t>(end - p)};
    constexpr std::string_view kKey = R"("usage")";
    if (!rest.starts_with(kKey)) {
      continue;
    }
    rest = base::trim(rest.substr(kKey.size()));
    if (rest.starts_with(':') && base::trim(rest.substr(1)).starts_with('{')) {
      return true;
    }
  }
  return false;
}

bool is_usage_only(std::string_view event) {
  if (!may_hold_usage(event)) {
    return false;
  }
  ChunkLook look;
  JsonSkimmer skimmer(kNodes);
  const char* p = event.data();
  const char* const end = p + event.size();
  while (p != end) {
    const char* const stop = search::line_end(p, end);
    const std::string_view line{p, static_cast<std::size_t>(stop - p)};
    constexpr std::string_view kData = "data:";
    if (line.starts_with(kData)) {
      skimmer.feed(line.substr(kData.size()), look);
      skimmer.feed("\n", look);
    }
    p = stop == end ? end : stop + 1;
  }
  return look.usage && look.no_choices && skimmer.complete();
}

}  // namespace

void OpenAiStreamFilter::push(std::string_view bytes, ByteSink& sink) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const char* run = p;    // what lies between here and p or event is passed on at once
  const char* event = p;  // where the current event begins in this input
  const auto pass_on = [&sink](const char* from, const char* to) {
    if (from != to) {
      sink.write({from, static_cast<std::size_t>(to - from)});
    }
  };
  while (p != end) {
    if (after_cr_) {
      after_cr_ = false;
      if (*p == '\n') {
        ++p;
        if (held_.empty() && !passing_through_ && event_bytes_ == 0) {
          // The second half of the line end that closed the last event goes the event's way.
          run = dropped_last_ ? p : run;
          event = p;
        }
        continue;
      }
    }
    const char* const stop = search::line_end(p, end);
    line_bytes_ += static_cast<std::size_t>(stop - p);
    event_bytes_ += static_cast<std::size_t>(stop - p);
    p = stop;
    if (p == end) {
      break;
    }
    after_cr_ = *p++ == '\r';
    const bool blank = line_bytes_ == 0;
    line_bytes_ = 0;
    ++event_bytes_;
    if (!blank) {
      continue;
    }
    if (after_cr_ && p != end && *p == '\n') {
      after_cr_ = false;
      ++p;
    }
    end_event(run, event, p, sink);
    event = p;
  }
  if (passing_through_ || held_.size() + static_cast<std::size_t>(end - event) > kMaxHeldBytes) {
    passing_through_ = event_bytes_ > 0;
    sink.write(held_);
    held_.clear();
    pass_on(run, end);
    return;
  }
  pass_on(run, event);
  held_.append(event, static_cast<std::size_t>(end - event));
}

void OpenAiStreamFilter::end_event(const char*& run, const char* event, const char* end,
                                   ByteSink& sink) {
  const std::string_view here{event, static_cast<std::size_t>(end - event)};
  bool drop = false;
  if (!held_.empty()) {
    held_.append(here);
    drop = is_usage_only(held_);
    if (!drop) {
      sink.write(held_);
    }
    held_.clear();
    run = end;
  } else if (!passing_through_) {
    drop = is_usage_only(here);
    if (drop) {
      if (run != event) {
        sink.write({run, static_cast<std::size_t>(event - run)});
      }
      run = end;
    }
  }
  passing_through_ = false;
  dropped_last_ = drop;
  event_bytes_ = 0;
}

void OpenAiStreamFilter::finish(ByteSink& sink) {
  if (!held_.empty()) {
    sink.write(held_);
    held_.clear();
  }
}

}  // namespace tollgate::dataplane::formats
