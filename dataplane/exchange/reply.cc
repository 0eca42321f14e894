// Answers of the gateway's own, and what is said about an exchange when it is over.

#include <string>
#include <utility>

#include "dataplane/exchange/attempt/request_id.h"
#include "dataplane/exchange/exchange.h"
#include "dataplane/formats/errors.h"
#include "dataplane/formats/usage.h"
#include "dataplane/http/method.h"

namespace tollgate::dataplane::exchange {

namespace {

constexpr std::string_view kRetryAfterSeconds = "1";
constexpr std::string_view kAllowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

std::string_view name_of(const snapshot::Rule& rule, const std::string& key) {
  return rule.name.empty() ? std::string_view(key) : std::string_view(rule.name);
}

}  // namespace

catalog::Dialect Exchange::dialect() const {
  if (request_.endpoint != nullptr) return request_.endpoint->dialect;
  return request_.path.starts_with("/anthropic/") ? catalog::Dialect::kAnthropic
                                                  : catalog::Dialect::kOpenAi;
}

Step Exchange::respond(Reply reply) {
  reply_ = std::move(reply);
  return Step::kRespond;
}

Step Exchange::respond(Fault fault, std::string_view message, int status) {
  const attempt::FaultInfo& info = fault_info(fault);
  fault_ = fault;
  Reply reply;
  reply.status = status == 0 ? info.status : status;
  reply.body =
      formats::error_body(dialect(), reply.status, message.empty() ? info.message : message);
  reply.code = info.code;
  if (fault == Fault::kOverloaded || fault == Fault::kPoolOverflow) {
    reply.retry_after = kRetryAfterSeconds;
  }
  if (fault == Fault::kMethodRefused) reply.allow = kAllowed;
  return respond(std::move(reply));
}

void Exchange::respond_broken(Fault fault, std::string_view message, int status) {
  const Attempt* attempt = current();
  const providers::Answer* answer = attempt == nullptr ? nullptr : attempt->prepared().answer.get();
  const providers::ReportedError* said = answer == nullptr ? nullptr : answer->reported();
  if (said == nullptr || fault != Fault::kBackendBroke) {
    respond(fault, message, status);
    return;
  }
  fault_ = fault;
  Reply reply;
  reply.status = said->status;
  reply.body = said->body;
  reply.code = fault_info(fault).code;
  respond(std::move(reply));
}

Step Exchange::respond_direct(const snapshot::DirectResponse& direct) {
  Reply reply;
  reply.status = direct.status;
  if (direct.status < 400) {
    reply.body = direct.message;
    reply.content_type = direct.message.empty() ? "" : "text/plain; charset=utf-8";
    return respond(std::move(reply));
  }
  fault_ = Fault::kDirectResponse;
  reply.code = direct.code.empty() ? fault_info(fault_).code : std::string_view(direct.code);
  reply.body = formats::error_body(dialect(), direct.status, direct.message, direct.code);
  return respond(std::move(reply));
}

void Exchange::deliver_reply() {
  http::ResponseHead* head = http::new_response_head(arena_);
  head->status = reply_.status;
  const bool bodyless = reply_.status == 204 || reply_.status == 304;
  if (bodyless) reply_.body.clear();
  head->framing = bodyless ? http::Framing::kNone : http::Framing::kLength;
  head->content_length = reply_.body.size();
  if (!reply_.content_type.empty()) head->fields.add("content-type", reply_.content_type);
  if (!reply_.location.empty()) head->fields.add("location", reply_.location);
  if (!reply_.retry_after.empty()) head->fields.add("retry-after", reply_.retry_after);
  if (!reply_.allow.empty()) head->fields.add("allow", reply_.allow);
  if (dialect() == catalog::Dialect::kBedrock && reply_.status >= 400) {
    head->fields.add(formats::kBedrockErrorHeader, formats::error_type(dialect(), reply_.status));
  }
  attempt::name_request(request_.id, head->fields);
  if (target_.rule) attempt::apply_edit(target_.rule->value.response_headers, head->fields);
  metering_.write_headers(head->fields, arena_, services_.io.loop.wall_now());
  error_code_ = reply_.code;
  if (request_.head->method == http::kHead) {
    head->framing = http::Framing::kNone;
    head->declared_length = reply_.body.size();
    reply_.body.clear();
  }
  const base::Status sent = client_.send_head(*head);
  if (!sent) {
    cut_ = true;
    finish();
    return client_.send_cut();
  }
  head_sent_ = true;
  status_ = reply_.status;
  response_bytes_ = reply_.body.size();
  if (!reply_.body.empty()) client_.send_body(std::string_view(reply_.body));
  finish();
  client_.send_end(nullptr);
}

/// The provider worked on it for nothing: nobody waited for the end.
bool Exchange::was_given_up(const Attempt& attempt) const {
  if (attempt.timed_out()) return true;
  return &attempt == &*attempts_[attempt_count_ - 1] && !attempt.never_sent() &&
         (client_left_ || fault_ == Fault::kRequestTimeout);
}

/// The sum of what providers bill: the answer that the client got, answers that turned out to be
/// unusable, and requests whose answers nobody waited for. What was refused costs nothing.
void Exchange::fill_usage(telemetry::Record& record) {
  // Counting tokens is not billed, whatever it counts.
  const bool billed =
      request_.endpoint != nullptr && request_.endpoint->family != catalog::Family::kCount;
  formats::Usage sum;
  for (std::size_t i = 0; i < attempt_count_; ++i) {
    const Attempt& attempt = *attempts_[i];
    if (!attempt.prepared().answer) continue;
    const bool last = i + 1 == attempt_count_;
    const providers::AnswerFacts facts = attempt.prepared().answer->facts();
    if (last) record.model_answered = facts.model;
    if (!billed) continue;
    const bool served = last && status_ >= 200 && status_ < 300;
    const bool begun = facts.usage.reported || facts.content_events > 0;
    if (!served && !begun && !was_given_up(attempt)) continue;
    formats::Usage usage = facts.usage;
    estimate_usage(usage, facts, served && !client_left_ && !cut_);
    formats::add_usage(sum, usage);
  }
  record.tokens = {sum.input,     sum.cached_input, sum.cache_creation, sum.output,
                   sum.reasoning, sum.total,        sum.estimated};
}

void Exchange::estimate_usage(formats::Usage& usage, const providers::AnswerFacts& facts,
                              bool finished) const {
  formats::UsageHints hints;
  if (!usage.input.value_or(0) && request_.body) {
    formats::TextMeter text;
    text.add(request_.body->view());
    hints.request_text_bytes = text.bytes();
  }
  hints.content_events = facts.content_events;
  hints.content_bytes = facts.content_bytes;
  hints.unfinished = !finished;
  hints.has_output = request_.endpoint->family == catalog::Family::kChat;
  formats::estimate_missing(usage, hints);
}

/// The backend's name per rule and reference, as Envoy AI Gateway's cost expressions see it.
std::string Exchange::backend_in_costs() {
  const Attempt* attempt = current();
  if (!metering_.sheet || !metering_.sheet->has_expressions() || attempt == nullptr ||
      !attempt->plan().backend) {
    return {};
  }
  const snapshot::RuleNode& rule = *target_.rule;
  const auto ref = attempt->plan().ref - rule.value.backends.data();
  const std::string_view key = rule.key;
  const std::size_t number = key.rfind('/');
  const std::string_view route = key.substr(0, number);
  std::string name = attempt->plan().backend->value.name;
  name.append("/route/").append(route.substr(route.rfind('/') + 1));
  name.append("/rule/").append(key.substr(number + 1));
  return name.append("/ref/").append(std::to_string(ref));
}

void Exchange::report() {
  telemetry::Record record;
  const base::MonotonicTime now = services_.io.loop.now();
  record.started = started_wall_;
  record.duration = now - started_;
  if (upstream_head_at_) record.upstream_head = *upstream_head_at_ - started_;
  if (first_token_at_) record.first_token = *first_token_at_ - started_;
  record.request_id = request_.id;
  record.peer = request_.peer_ip;
  record.method = request_.head->method;
  record.host = request_.host;
  record.path = request_.path;
  record.query = request_.head->query;
  record.status = status_;
  record.request_bytes = request_.body_bytes;
  record.response_bytes = response_bytes_;
  if (target_.listener) record.listener = target_.listener->value.name;
  if (target_.rule) {
    record.route = target_.rule->route->value.name;
    record.rule = name_of(target_.rule->value, target_.rule->key);
  }
  record.attempts = attempt_count_;
  if (request_.endpoint != nullptr) {
    record.operation = request_.endpoint->operation;
    record.model_requested = request_.model;
  }
  if (const Attempt* attempt = current(); attempt != nullptr && attempt->plan().backend) {
    const snapshot::BackendNode& backend = *attempt->plan().backend;
    record.backend = backend.value.name;
    if (backend.schema) record.provider = catalog::schema_info(*backend.schema).provider_label;
    record.model_sent = attempt->prepared().model;
    record.streamed = attempt->prepared().streamed;
  }
  fill_usage(record);
  metering_.settle(record, backend_in_costs(), services_.io.loop.wall_now());
  record.error = !error_code_.empty() ? error_code_ : fault_info(fault_).code;
  record.client_left = client_left_;
  record.cut = cut_;
  services_.sink.on_exchange(record);
}

}  // namespace tollgate::dataplane::exchange
