#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/http/head.h"
#include "dataplane/limits/policy.h"
#include "dataplane/limits/store.h"
#include "dataplane/telemetry/record.h"

namespace tollgate::dataplane::limits {

/// What the passages of one worker use.
struct Gate {
  explicit Gate(Table& shared_table) : table(shared_table) {}

  Table& table;
  /// How many proxies serve the Gateway: the parts of a limit that is counted here because the
  /// store does not answer.
  std::uint32_t proxies = 1;
  /// Null: global limits are counted in the table too. Lives as long as a check waits for it.
  Store* store = nullptr;
  KeyHasher hasher;
};

enum class Verdict : std::uint8_t {
  kAllowed,
  kRefused,    // a limit is exceeded
  kStoreGone,  // a limit that fails closed cannot be read
  kUnusable,   // a policy that applies cannot be served
};

class PassageOwner {
 public:
  /// Once, from the loop: the verdict is there.
  virtual void on_limits_decided() = 0;

 protected:
  ~PassageOwner() = default;
};

/// One request and its limits: the decision before, the settlement after, one record of both.
///
/// The arithmetic is that of Envoy's rate-limit service. At admission each limit's request cost is
/// added to its counter, also when the request is then refused, and a limit refuses if its counter
/// is above it then; the response cost is added when the answer has ended, to the window of that
/// moment. So a budget N at a response cost C lets N / C + 1 requests pass one after another. A
/// limit of 0 refuses always.
///
/// A mode that reserves at admission needs no other place: it adds an estimate in `decide` and the
/// difference to the truth in `settle`.
class Passage final : private CheckWaiter {
 public:
  Passage(Gate& gate, PassageOwner& owner) : gate_(gate), owner_(owner) {}
  ~Passage();
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  /// Finds what applies. The policy is kept until the passage is over.
  void add(std::shared_ptr<const Policy> policy, const Subject& subject);
  [[nodiscard]] bool limited() const { return !hits_.empty() || unusable_ != nullptr; }

  /// Decides. False: the owner is called when the store has answered, at the latest after the
  /// store's time is over; an owner that goes before destroys the passage.
  bool decide(std::uint64_t now_s);
  [[nodiscard]] Verdict verdict() const { return verdict_; }
  /// The limit that refused; nullptr if none did.
  [[nodiscard]] const Limit* refused_by() const;

  /// What a policy that cannot be served answers; null if the verdict is another.
  [[nodiscard]] const snapshot::DirectResponse* unusable() const { return unusable_; }

  /// x-ratelimit-limit, -remaining and -reset (draft 03) of the limit with the least left and the
  /// list of all; for a refused request retry-after too. Nothing if no limit wants it.
  void write_headers(http::FieldList& fields, base::Arena& arena, std::uint64_t now_s) const;

  /// The answer is over: charges what it cost. A refused request has no answer. Once.
  void settle(std::span<const telemetry::CostEntry> costs, std::uint64_t now_s);

  /// What is said of each limit in the request's record. Views live as long as the passage.
  [[nodiscard]] std::vector<telemetry::LimitEntry> entries() const;

 private:
  enum class Place : std::uint8_t { kTable, kStore, kLost };
  struct Part {
    Hit hit;
    Place place = Place::kTable;
    std::uint64_t limit = 0;  // this proxy's share while it counts in place of the store
    bool known = false;       // `count` is the counter's
    bool exceeded = false;    // when it was decided
    std::uint64_t count = 0;
    std::uint64_t charged = 0;
  };

  void on_checked(bool answered) override;
  void count_in_table(Part& part, std::uint64_t amount, std::uint64_t now_s);
  void judge();

  Gate& gate_;
  PassageOwner& owner_;
  Store* store_ = nullptr;  // the one that is waited for, also when another took its place
  std::vector<std::shared_ptr<const Policy>> policies_;
  std::vector<Hit> hits_;
  std::vector<Part> parts_;
  std::vector<StoreCount> asked_;  // what the store is asked, in the order of parts
  const snapshot::DirectResponse* unusable_ = nullptr;  // of one of policies_
  bool waiting_ = false;
  bool settled_ = false;
  Verdict verdict_ = Verdict::kAllowed;
  std::uint64_t decided_s_ = 0;
};

}  // namespace tollgate::dataplane::limits
