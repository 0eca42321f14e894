#include <map>

#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/sequence.h"
#include "dataplane/formats/openai/emitter.h"
#include "dataplane/formats/openai/envelope.h"
#include "dataplane/formats/openai/usage.h"
#include "dataplane/formats/openai_responses/answer.h"
#include "dataplane/formats/openai_responses/items_encode.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {
namespace {

using base::Status;
using chat::Event;
using chat::EventKind;
using chat::StopReason;

constexpr catalog::Format kOwn = catalog::Format::kOpenAiResponses;

/// Everything of a response but its items.
class Head {
 public:
  explicit Head(const chat::AnswerContext& context) : request_(context.request) {
    id_ = openai::answer_id({}, "resp_", context);
    model_ = context.model;
    created_ = context.now_unix_s;
  }

  void start(const Event& event) {
    // Clients send the id back as previous_response_id and expect its prefix.
    own_ = event.origin == kOwn;
    if (own_ && !event.id.empty()) id_ = event.id;
    if (!event.model.empty()) model_ = event.model;
    if (event.created_unix_s > 0) created_ = event.created_unix_s;
    tier_ = event.service_tier;
    extras(event);
  }

  void extras(const Event& event) {
    if (event.origin != kOwn || event.extras == nullptr) return;
    for (const chat::Extra& extra : *event.extras) {
      chat::keep_extra(extras_, extra.key, extra.raw);
    }
  }

  void stop(const Event& event) {
    stop_ = event.stop;
    word_ = event.origin == kOwn ? event.raw : std::string_view{};
  }

  void usage(const Event& event) {
    if (event.usage != nullptr) usage_ = *event.usage;
    usage_raw_ = event.origin == kOwn ? event.raw : std::string_view{};
    if (!event.service_tier.empty()) tier_ = event.service_tier;
  }

  [[nodiscard]] bool cut() const {
    switch (stop_) {
      case StopReason::kNone:
      case StopReason::kEndTurn:
      case StopReason::kStopSequence:
      case StopReason::kToolCalls:
      case StopReason::kPauseTurn:
        return false;
      default:
        return true;
    }
  }

  void write(json::Writer& w, std::string_view status, std::string_view output, bool ended,
             const chat::ChatError* error = nullptr) const {
    w.begin_object().member("id", id_).member("object", "response");
    w.member("created_at", created_).member("status", status);
    write_error(w, error);
    w.key("incomplete_details");
    if (status == "incomplete") {
      w.begin_object().member("reason", reason()).end_object();
    } else {
      w.null();
    }
    w.member("model", model_).raw_member("output", "[" + std::string(output) + "]");
    if (!tier_.empty()) w.member("service_tier", tier_);
    if (own_) {
      chat::write_extras(w, extras_);
    } else {
      write_echo(w);
    }
    w.key("usage");
    if (!ended || !(usage_.reported || usage_.estimated)) {
      w.null();
    } else if (!usage_raw_.empty()) {
      w.raw(usage_raw_);
    } else {
      openai::write_responses_usage(w, usage_);
    }
    w.end_object();
  }

 private:
  static void write_error(json::Writer& w, const chat::ChatError* error) {
    w.key("error");
    if (error == nullptr) {
      w.null();
      return;
    }
    const bool limited =
        error->kind == chat::ErrorKind::kRateLimit || error->kind == chat::ErrorKind::kQuota;
    const bool client = error->kind == chat::ErrorKind::kInvalidRequest;
    w.begin_object().member("code", limited  ? "rate_limit_exceeded"
                                    : client ? "invalid_prompt"
                                             : "server_error");
    w.member("message", error->message).end_object();
  }

  [[nodiscard]] std::string_view reason() const {
    switch (stop_) {
      case StopReason::kContentFilter:
      case StopReason::kRefusal:
        return "content_filter";
      case StopReason::kMaxTokens:
      case StopReason::kContextWindow:
        return word_.empty() ? std::string_view("max_output_tokens") : std::string_view(word_);
      case StopReason::kRecitation:
      case StopReason::kLanguage:
        return word_.empty() ? std::string_view("content_filter") : std::string_view(word_);
      default:
        return word_.empty() ? openai::finish_reason(stop_) : std::string_view(word_);
    }
  }

  /// What the client asked for, as the SDKs' types want it back.
  void write_echo(json::Writer& w) const {
    static const chat::Request kNothing;
    const chat::Request& request = request_ == nullptr ? kNothing : *request_;
    w.key("instructions");
    const bool instructed = request.plain_system && !request.messages.empty() &&
                            !request.messages.front().blocks.empty();
    if (instructed) {
      w.value(request.messages.front().blocks.front().text);
    } else {
      w.null();
    }
    w.key("max_output_tokens");
    request.sampling.max_tokens ? w.raw(request.sampling.max_tokens->raw) : w.null();
    w.key("temperature");
    request.sampling.temperature ? w.raw(request.sampling.temperature->raw) : w.null();
    w.key("top_p");
    request.sampling.top_p ? w.raw(request.sampling.top_p->raw) : w.null();
    w.raw_member("metadata", request.metadata.empty() ? "{}" : request.metadata);
    w.member("parallel_tool_calls", request.parallel_tool_calls.value_or(true));
    w.key("previous_response_id").null();
    w.key("reasoning").begin_object().key("effort");
    request.reasoning.effort.empty() ? w.null() : w.value(request.reasoning.effort);
    w.key("summary");
    request.reasoning.summary.empty() ? w.null() : w.value(request.reasoning.summary);
    w.end_object();
    w.member("store", false).key("text").begin_object().key("format").begin_object();
    encode_text_format(w, request.response_format, false);
    w.end_object().end_object();
    w.key("tool_choice");
    if (!encode_tool_choice(w, request.tool_choice)) w.value("auto");
    w.key("tools");
    encode_tools(w, request, false);
    w.member("truncation", "disabled");
  }

  const chat::Request* request_;
  bool own_ = false;
  std::string id_;
  std::string model_;
  std::string tier_;
  std::int64_t created_ = 0;
  chat::OwnedExtras extras_;
  StopReason stop_ = StopReason::kNone;
  std::string word_;
  Usage usage_;
  std::string usage_raw_;
};

/// Feeds items and head from events whose blocks follow one another.
class Body final : public chat::EventSink {
 public:
  Body(Head& head, ItemWriter& items) : head_(head), items_(items) {}

  Status on_event(const Event& event) override {
    switch (event.kind) {
      case EventKind::kStart:
        head_.start(event);
        return {};
      case EventKind::kBlockStart:
        return items_.open(event);
      case EventKind::kDelta:
        return items_.grow(event);
      case EventKind::kBlockEnd:
        return items_.close();
      case EventKind::kStop:
        head_.stop(event);
        items_.finish(head_.cut());
        return {};
      case EventKind::kUsage:
        head_.usage(event);
        return {};
      case EventKind::kEnd:
        head_.extras(event);
        return {};
      case EventKind::kPing:
      case EventKind::kError:
        return {};
    }
    return {};
  }

 private:
  Head& head_;
  ItemWriter& items_;
};

class Encoder final : public chat::StreamEncoder, private Progress {
 public:
  explicit Encoder(const chat::AnswerContext& context)
      : head_(context), items_(context.request_id, this), body_(head_, items_), order_(body_) {}

  Status on_event(const Event& event, ByteSink& sink) override {
    if (ended_) return {};
    sink_ = &sink;
    if (event.kind == EventKind::kError) {
      fail(event.error == nullptr ? chat::ChatError{} : *event.error, sink);
      return {};
    }
    if (event.kind == EventKind::kPing) {
      if (started_) sink.write(": ping\n\n");
      return {};
    }
    if (event.kind == EventKind::kDelta && event.delta == chat::DeltaKind::kLogprobs) {
      return event.choice == 0 ? items_.grow(event) : Status{};  // these pass no order
    }
    TRY(order_.on_event(event));
    if (event.kind == EventKind::kStart) begin();
    if (event.kind == EventKind::kEnd) {
      ended_ = true;
      response(head_.cut() ? "incomplete" : "completed", true);
    }
    return {};
  }

  void fail(const chat::ChatError& error, ByteSink& sink) override {
    if (ended_) return;
    ended_ = true;
    sink_ = &sink;
    std::string members;
    members = R"("code":)";
    json::Writer(members).value(error.code.empty() ? error.type : error.code);
    members += R"(,"message":)";
    json::Writer(members).value(error.message);
    members += R"(,"param":)";
    error.param.empty() ? json::Writer(members).null() : json::Writer(members).value(error.param);
    on_progress("error", members);
    if (started_) response("failed", false, &error);
  }

 private:
  void begin() {
    if (started_) return;
    started_ = true;
    std::string members = R"("response":)";
    json::Writer w(members);
    head_.write(w, "in_progress", {}, false);
    on_progress("response.created", members);
    on_progress("response.in_progress", members);
  }

  void response(std::string_view status, bool ended, const chat::ChatError* error = nullptr) {
    std::string members = R"("response":)";
    json::Writer w(members);
    head_.write(w, status, items_.output(), ended, error);
    on_progress("response." + std::string(status), members);
  }

  void on_progress(std::string_view type, std::string_view members) override {
    chunk_ = "event: ";
    chunk_ += type;
    chunk_ += "\ndata: {\"type\":\"";
    chunk_ += type;
    chunk_ += "\",\"sequence_number\":";
    chunk_ += std::to_string(sequence_++);
    chunk_ += ',';
    chunk_ += members;
    chunk_ += "}\n\n";
    sink_->write(chunk_);
  }

  Head head_;
  ItemWriter items_;
  Body body_;
  chat::BlockSequence order_;
  ByteSink* sink_ = nullptr;  // during a call
  std::string chunk_;
  std::uint64_t sequence_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<chat::StreamEncoder> make_stream_encoder(const chat::AnswerContext& context) {
  return std::make_unique<Encoder>(context);
}

Status encode_answer(const chat::WholeAnswer& answer, const chat::AnswerContext& context,
                     std::string& out) {
  Head head(context);
  ItemWriter items(context.request_id, nullptr);
  Body body(head, items);
  TRY(unfold(answer, body));
  json::Writer w(out);
  head.write(w, head.cut() ? "incomplete" : "completed", items.output(), true);
  return {};
}

}  // namespace tollgate::dataplane::formats::openai_responses
