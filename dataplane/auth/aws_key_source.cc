#include "dataplane/auth/aws_key_source.h"

#include <algorithm>
#include <utility>

namespace tollgate::dataplane::auth {
namespace {

constexpr std::chrono::seconds kMinRefresh{1};

}  // namespace

AwsKeySource::AwsKeySource(event::Loop& loop, net::dial::Connector& connector,
                           net::tls::ClientContexts& tls, AwsKeySourceOptions options,
                           Publish publish)
    : loop_(loop),
      options_(std::move(options)),
      publish_(std::move(publish)),
      client_(connector, tls),
      refresh_(event::Timer::of<&AwsKeySource::on_refresh>(*this)),
      expiry_(event::Timer::of<&AwsKeySource::on_expiry>(*this)),
      random_(options_.seed != 0 ? options_.seed : std::random_device{}()),
      retry_(options_.retry_min),
      state_(std::make_shared<AwsKeysState>()) {}

AwsKeySource::~AwsKeySource() = default;

void AwsKeySource::start() {
  if (!started_) {
    started_ = true;
    fetch();
  }
}

void AwsKeySource::on_refresh() {
  fetch();
}

void AwsKeySource::on_expiry() {
  publish(nullptr, state_->problem.empty() ? "the keys have expired" : state_->problem);
}

void AwsKeySource::fetch() {
  fetch_.emplace(options_.surroundings);
  proceed(fetch_->start());
}

void AwsKeySource::proceed(base::Result<AwsFetch::Step> step) {
  if (!step) {
    return fail(step.error());
  }
  if (!step->call) {
    return succeed(std::move(*step->keys));
  }
  client_.send(*step->call, [this](base::Result<CredentialAnswer> answer) {
    if (!answer) {
      return fail(answer.error());
    }
    const CredentialAnswer whole = *std::move(answer);
    proceed(fetch_->on_answer(whole.status, whole.body.reveal()));
  });
}

std::chrono::nanoseconds AwsKeySource::jitter(std::chrono::nanoseconds span) {
  std::uniform_int_distribution<std::int64_t> upto(0, std::max<std::int64_t>(span.count() / 10, 0));
  return std::chrono::nanoseconds(upto(random_));
}

void AwsKeySource::succeed(AwsKeys keys) {
  const base::WallTime now = loop_.wall_now();
  if (!keys.usable_at(now)) {
    return fail(base::backend_error(
        base::Code::kUnauthenticated, true,
        std::string(to_string(fetch_->source())) + ": the keys that came have expired already"));
  }
  retry_ = options_.retry_min;
  refresh_.cancel();
  expiry_.cancel();
  if (keys.expires_at) {
    const std::chrono::nanoseconds life = *keys.expires_at - now;
    const std::chrono::nanoseconds ahead =
        std::min<std::chrono::nanoseconds>(options_.refresh_ahead, life / 2);
    const std::chrono::nanoseconds delay = life - ahead;
    loop_.arm(refresh_, std::max<std::chrono::nanoseconds>(delay - jitter(delay), kMinRefresh));
    loop_.arm(expiry_, life);
  }
  publish(std::make_shared<const AwsKeys>(std::move(keys)), {});
}

void AwsKeySource::fail(const base::Error& error) {
  const std::chrono::nanoseconds wait = retry_;
  loop_.arm(refresh_, wait + jitter(wait));
  retry_ = std::min(retry_ * 2, options_.retry_max);
  const std::shared_ptr<const AwsKeys> old = state_->keys;
  const bool still_good = old != nullptr && old->usable_at(loop_.wall_now());
  if (error.detail != state_->problem || still_good != (old != nullptr)) {
    publish(still_good ? old : nullptr, error.detail);
  }
}

void AwsKeySource::publish(std::shared_ptr<const AwsKeys> keys, std::string problem) {
  auto next = std::make_shared<AwsKeysState>();
  next->keys = std::move(keys);
  next->source = fetch_ ? to_string(fetch_->source()) : std::string_view{};
  next->problem = std::move(problem);
  state_ = std::move(next);
  publish_(state_);
}

}  // namespace tollgate::dataplane::auth
