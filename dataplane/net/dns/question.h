#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/event/list.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/dns/channel.h"

namespace tollgate::dataplane::net::dns {

class Question;

class QuestionOwner {
 public:
  /// There is enough to answer those who wait; the other family may still be coming.
  virtual void on_enough(Question& question) = 0;
  /// Both families have answered, or the time is over. The owner may destroy the question.
  virtual void on_finished(Question& question) = 0;

 protected:
  ~QuestionOwner() = default;
};

/// One look-up of a name in both families. Destroying it leaves late answers without effect.
class Question {
 public:
  Question(event::Loop& loop, QuestionOwner& owner, std::string name);
  ~Question();
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  /// May finish inside the call.
  void ask(Channel& channel, const ResolverOptions& options);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// nullopt as long as the family has not answered.
  [[nodiscard]] const std::optional<Answer>& v4() const { return v4_; }
  [[nodiscard]] const std::optional<Answer>& v6() const { return v6_; }
  /// on_enough was called: who comes now need not wait for the other family.
  [[nodiscard]] bool enough() const { return enough_; }
  /// Those who wait for it; the owner's.
  [[nodiscard]] event::ListNode& waiting() { return waiting_; }

 private:
  void on_answer(Family family, Answer answer);
  void on_delay();
  void on_timeout();
  void finish();

  event::Loop& loop_;
  QuestionOwner& owner_;
  std::string name_;
  std::chrono::milliseconds family_delay_{0};
  std::optional<Answer> v4_;
  std::optional<Answer> v6_;
  bool enough_ = false;
  event::ListNode waiting_;
  event::Timer delay_;
  event::Timer timeout_;
  event::Job finish_job_;
  std::shared_ptr<Question*> self_;  // answers that come too late find it empty
};

}  // namespace tollgate::dataplane::net::dns
