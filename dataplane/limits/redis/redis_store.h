#pragma once

#include <deque>
#include <string>
#include <vector>

#include "dataplane/limits/redis/link.h"
#include "dataplane/limits/store.h"
#include "dataplane/telemetry/record.h"

namespace tollgate::dataplane::limits::redis {

struct StoreOptions {
  Access access;
  std::string gateway;                    // "NS/NAME": the hash tag of all keys
  std::string sender;                     // unique to this worker and process: names its journal
  std::chrono::milliseconds timeout{20};  // of a check
};

struct Charge {
  std::uint64_t number = 0;
  std::vector<StoreCount> counts;
  bool sent = false;  // on this connection
};

/// What a sender still has to deliver, and how far it has counted: the journal in a server ignores
/// numbers that it has seen, so that a store which takes another's place under the same name goes
/// on from there.
struct Backlog {
  std::uint64_t last_number = 0;
  std::deque<Charge> charges;
};

/// Counters in Redis or Valkey, for one worker: one pipelined connection, one script.
///
/// Nobody waits longer than the timeout. After a check that failed the store counts as gone, and
/// checks fail at once, until a probe is answered in time; probes go out every kProbePause.
///
/// Charges are kept until they are acknowledged and sent again after a reconnection; each has a
/// number that the server's journal of this sender remembers, so none counts twice.
class RedisStore final : public Store, private LinkOwner {
 public:
  /// `connector` and `sink` outlive the store.
  RedisStore(net::dial::Connector& connector, telemetry::Sink& sink, StoreOptions options,
             Backlog backlog = {});
  ~RedisStore();
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  bool check(std::span<StoreCount> counts, CheckWaiter& waiter, std::uint64_t now_s) override;
  void cancel(CheckWaiter& waiter) override;
  void charge(std::span<const StoreCount> counts, std::uint64_t now_s) override;

  /// The store is believed to answer.
  [[nodiscard]] bool healthy() const { return healthy_; }
  /// Charges that wait for an acknowledgement.
  [[nodiscard]] std::size_t charges_waiting() const { return backlog_.charges.size(); }
  /// Nobody waits for a check.
  [[nodiscard]] bool idle() const { return checks_waiting_ == 0; }
  /// Leaves what is not acknowledged to a successor; nothing is charged here any more.
  [[nodiscard]] Backlog release_backlog();

  static constexpr std::chrono::milliseconds kProbePause{100};
  /// Silence after which the connection is given up.
  static constexpr std::chrono::milliseconds kStall{1500};
  static constexpr std::size_t kMaxOutstanding = 4096;  // commands without an answer
  static constexpr std::size_t kMaxCharges = 16'384;    // kept; beyond it they are lost, counted
  /// How long a counter is kept after its window, for proxies whose clocks are behind.
  static constexpr std::uint64_t kKeepS = 60;

 private:
  enum class Kind : std::uint8_t { kProbe, kCheck, kCharge };
  /// A command without an answer.
  struct Pending {
    Kind kind = Kind::kProbe;
    bool whole_script = false;
    CheckWaiter* waiter = nullptr;
    std::span<StoreCount> counts;
    std::uint64_t charge = 0;  // its number
    base::MonotonicTime sent_at;
    std::string arguments;  // behind the script, for sending it again whole
    std::size_t argument_count = 0;
  };

  // LinkOwner
  void on_link_up() override;
  void on_link_down() override;
  void on_reply(Reply& reply) override;

  void append_key(std::string& out, const StoreCount& count) const;
  [[nodiscard]] Pending make(Kind kind, std::span<const StoreCount> counts, std::uint64_t charge,
                             std::uint64_t now_s) const;
  void send(Pending pending);
  void send_charges();
  void send_probe();
  void take_check(Pending& pending, const Reply& reply);
  void take_charge(const Pending& pending, const Reply& reply);
  void take_error(Pending& pending, const Reply& reply);
  void end_check(Pending& pending, std::string_view error);
  void end_checks(std::string_view error, base::MonotonicTime sent_until);
  void lose_health();
  void watch();
  void on_deadline();
  void tell(Kind kind, base::MonotonicTime since, std::string_view error);
  [[nodiscard]] std::uint64_t now_s() const;

  event::Loop& loop_;
  telemetry::Sink& sink_;
  StoreOptions options_;
  bool healthy_ = false;
  bool probing_ = false;
  Backlog backlog_;
  std::deque<Pending> pending_;  // in the order in which they were sent
  std::size_t checks_waiting_ = 0;
  event::Timer deadline_ = event::Timer::of<&RedisStore::on_deadline>(*this);
  event::Timer probe_ = event::Timer::of<&RedisStore::send_probe>(*this);
  Link link_;
};

}  // namespace tollgate::dataplane::limits::redis
