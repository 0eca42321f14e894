#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/formats/gemini/format.h"
#include "dataplane/formats/gemini/members.h"
#include "nlohmann/json.hpp"
#include "test/dataplane/formats/golden.h"

namespace tollgate::test {

namespace base = dataplane::base;
namespace catalog = dataplane::catalog;
namespace chat = dataplane::formats::chat;
namespace gemini = dataplane::formats::gemini;
using dataplane::formats::StringSink;

/// A request decoded, with everything that its views need.
struct DecodedRequest {
  explicit DecodedRequest(std::string_view text)
      : body(text), request(gemini::kFormat.decode_request(reader, body.view(), arena)) {}
  dataplane::json::PaddedText body;
  dataplane::json::Reader reader;
  base::Arena arena;
  base::Result<chat::Request> request;
};

inline chat::AnswerContext context_of(const chat::Request& request) {
  chat::AnswerContext context;
  context.request = &request;
  context.model = "the-model";
  context.now_unix_s = 1700000000;
  context.request_id = "req-1";
  return context;
}

/// Checks the promised order of events and writes them down, one a line.
class Log final : public chat::EventSink {
 public:
  base::Status on_event(const chat::Event& event) override;
  std::string text;
  std::string broken;  // the first breach of the order
  chat::AnswerFold fold;

 private:
  void check(const chat::Event& event);
  struct Choice {
    std::uint32_t blocks = 0;
    std::vector<bool> open;
    bool stopped = false;
  };
  std::vector<Choice> choices_;
  bool started_ = false;
  bool over_ = false;
};

inline void Log::check(const chat::Event& event) {
  const auto fault = [&](std::string_view what) {
    if (broken.empty()) broken = what;
  };
  if (over_) fault("something after the end");
  if (event.kind == chat::EventKind::kStart) {
    if (started_) fault("two starts");
    started_ = true;
  } else if (!started_ && event.kind != chat::EventKind::kError) {
    fault("something before the start");
  }
  if (choices_.size() <= event.choice) choices_.resize(event.choice + 1);
  Choice& choice = choices_[event.choice];
  switch (event.kind) {
    case chat::EventKind::kBlockStart:
      if (choice.stopped || event.block != choice.blocks) fault("a block starts out of order");
      ++choice.blocks;
      choice.open.push_back(true);
      break;
    case chat::EventKind::kDelta:
      if (event.delta == chat::DeltaKind::kLogprobs) break;
      if (event.block >= choice.blocks || !choice.open[event.block]) fault("a closed block grows");
      break;
    case chat::EventKind::kBlockEnd:
      if (event.block >= choice.blocks || !choice.open[event.block]) fault("a closed block ends");
      if (event.block < choice.blocks) choice.open[event.block] = false;
      break;
    case chat::EventKind::kStop:
      if (choice.stopped) fault("two stops");
      for (const bool open : choice.open) {
        if (open) fault("a stop within a block");
      }
      choice.stopped = true;
      break;
    case chat::EventKind::kEnd:
      for (const Choice& each : choices_) {
        if (!each.stopped) fault("an end without a stop");
      }
      over_ = true;
      break;
    case chat::EventKind::kError:
      over_ = true;
      break;
    default:
      break;
  }
}

inline base::Status Log::on_event(const chat::Event& event) {
  check(event);
  text += std::to_string(static_cast<int>(event.kind)) + " " + std::to_string(event.choice) + "/" +
          std::to_string(event.block) + " ";
  for (const std::string_view part :
       {event.text, event.id, event.name, event.model, event.raw, event.stop_sequence}) {
    text += std::string(part) + "|";
  }
  text += std::to_string(static_cast<int>(event.block_kind)) +
          std::to_string(static_cast<int>(event.delta)) +
          std::to_string(static_cast<int>(event.stop));
  if (event.usage != nullptr) {
    text += " " + std::to_string(event.usage->input.value_or(0)) + "+" +
            std::to_string(event.usage->output.value_or(0));
  }
  if (event.error != nullptr) text += " " + event.error->type + " " + event.error->message;
  if (event.extras != nullptr) {
    for (const chat::Extra& extra : *event.extras) {
      text += " " + std::string(extra.key) + "=" + std::string(extra.raw);
    }
  }
  text += "\n";
  return event.kind == chat::EventKind::kError ? base::Status{} : fold.on_event(event);
}

/// Hands events to an encoder.
class EncodeSink final : public chat::EventSink {
 public:
  explicit EncodeSink(chat::StreamEncoder& encoder) : encoder_(encoder) {}
  base::Status on_event(const chat::Event& event) override { return encoder_.on_event(event, out); }
  StringSink out;

 private:
  chat::StreamEncoder& encoder_;
};

inline base::Status decode(chat::AnswerDecoder& decoder, const std::vector<std::string_view>& bytes,
                           chat::EventSink& sink) {
  for (const std::string_view piece : bytes) {
    auto status = decoder.push(piece, sink);
    if (!status) return status;
  }
  return decoder.finish(sink);
}

}  // namespace tollgate::test
