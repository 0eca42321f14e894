// What a stream costs per event in each dialect: decoding alone, and decoding into the encoder of
// each dialect. ninja -C build/release dialects_bench && build/release/dialects_bench
#include <chrono>
#include <cstdio>
#include <string>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/dialects/dialects.h"

namespace {

namespace chat = tollgate::dataplane::formats::chat;
namespace dialects = tollgate::dataplane::formats::dialects;
namespace base = tollgate::dataplane::base;

constexpr int kDeltas = 64;
constexpr int kRounds = 2000;

class Nothing final : public chat::EventSink {
 public:
  base::Status on_event(const chat::Event& /*event*/) override { return {}; }
};

class Encoded final : public chat::EventSink {
 public:
  Encoded(const chat::ChatFormat& format, const chat::AnswerContext& context)
      : encoder_(format.make_stream_encoder(context)) {}
  base::Status on_event(const chat::Event& event) override {
    return encoder_->on_event(event, out);
  }
  tollgate::dataplane::formats::StringSink out;

 private:
  std::unique_ptr<chat::StreamEncoder> encoder_;
};

void send_stream(chat::EventSink& sink) {
  chat::Event event;
  const auto send = [&](chat::EventKind kind, std::string_view text = {}) {
    event = {};
    event.kind = kind;
    event.text = text;
    if (kind == chat::EventKind::kStop) event.stop = chat::StopReason::kEndTurn;
    static_cast<void>(sink.on_event(event));
  };
  send(chat::EventKind::kStart);
  send(chat::EventKind::kBlockStart);
  for (int i = 0; i < kDeltas; ++i) send(chat::EventKind::kDelta, " some words");
  send(chat::EventKind::kBlockEnd);
  send(chat::EventKind::kStop);
  send(chat::EventKind::kEnd);
}

template <typename Run>
double microseconds_per_delta(Run&& run) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) run();
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
  return spent.count() / kRounds / kDeltas;
}

}  // namespace

int main() {
  chat::Request request;
  chat::AnswerContext context;
  context.request = &request;
  context.model = "model";
  context.request_id = "request";
  for (const chat::ChatFormat* from : dialects::all()) {
    Encoded stream(*from, context);
    send_stream(stream);
    const auto decode = [&](chat::EventSink& sink) {
      const auto decoder = from->make_decoder(true, context);
      static_cast<void>(decoder->push(stream.out.text, sink));
      static_cast<void>(decoder->finish(sink));
    };
    Nothing nothing;
    const std::string name(tollgate::dataplane::catalog::to_string(from->format));
    std::printf("%-28s %-28s %6.3f us per event\n", name.c_str(), "-",
                microseconds_per_delta([&] { decode(nothing); }));
    for (const chat::ChatFormat* to : dialects::all()) {
      const double spent = microseconds_per_delta([&] {
        Encoded encoded(*to, context);
        decode(encoded);
      });
      const std::string target(tollgate::dataplane::catalog::to_string(to->format));
      std::printf("%-28s %-28s %6.3f us per event\n", name.c_str(), target.c_str(), spent);
    }
  }
}
