#include "dataplane/net/dns/question.h"

#include <utility>

namespace tollgate::dataplane::net::dns {

Question::Question(event::Loop& loop, QuestionOwner& owner, std::string name)
    : loop_(loop),
      owner_(owner),
      name_(std::move(name)),
      delay_(event::Timer::of<&Question::on_delay>(*this)),
      timeout_(event::Timer::of<&Question::on_timeout>(*this)),
      finish_job_(event::Job::of<&Question::finish>(*this)),
      self_(std::make_shared<Question*>(this)) {}

Question::~Question() {
  *self_ = nullptr;
}

void Question::ask(Channel& channel, const ResolverOptions& options) {
  family_delay_ = options.family_delay;
  loop_.arm(timeout_, options.timeout);
  for (const Family family : {Family::kV6, Family::kV4}) {
    channel.ask(name_, family, [self = self_, family](Answer answer) {
      if (*self != nullptr) (*self)->on_answer(family, std::move(answer));
    });
  }
}

void Question::on_answer(Family family, Answer answer) {
  const bool good = answer.kind == AnswerKind::kAddresses;
  (family == Family::kV4 ? v4_ : v6_) = std::move(answer);
  if (v4_ && v6_) {
    // Later, because c-ares may be on the stack and the owner may end what it stands on.
    loop_.run_soon(finish_job_);
    return;
  }
  // IPv6 is tried first, so it need not wait for IPv4 (RFC 8305 section 3).
  if (good) loop_.arm(delay_, family == Family::kV6 ? std::chrono::milliseconds(0) : family_delay_);
}

void Question::on_delay() {
  enough_ = true;
  owner_.on_enough(*this);
}

void Question::on_timeout() {
  Answer late;
  late.kind = AnswerKind::kTimeout;
  late.detail = "no answer in time";
  if (!v4_) v4_ = late;
  if (!v6_) v6_ = late;
  finish();
}

void Question::finish() {
  delay_.cancel();
  timeout_.cancel();
  owner_.on_finished(*this);
}

}  // namespace tollgate::dataplane::net::dns
