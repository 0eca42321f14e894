#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/event/loop.h"
#include "dataplane/limits/costs.h"
#include "dataplane/limits/policy.h"
#include "dataplane/limits/table_file.h"

namespace tollgate::dataplane::limits {

/// What limits need beside the workers: the table of counters that all workers share, the compiled
/// policies and cost lists, sweeping, and the counters on disk. On the service loop.
class Keeper {
 public:
  /// `state_dir` empty: windows end with the process.
  Keeper(event::Loop& loop, std::size_t counters, const std::string& state_dir);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void apply(const snapshot::Update& update);
  [[nodiscard]] const std::shared_ptr<const Book>& book() const { return book_; }
  [[nodiscard]] const std::shared_ptr<const CostBook>& costs() const { return costs_; }
  [[nodiscard]] Table& table() { return table_; }
  /// Writes the counters now.
  void save();

  static constexpr std::chrono::seconds kSweepInterval{1};
  /// The whole table is swept once in so many intervals.
  static constexpr std::size_t kSweepParts = 16;
  /// A process that is killed loses what was counted since.
  static constexpr std::chrono::seconds kSaveInterval{10};

 private:
  void on_sweep();
  [[nodiscard]] std::uint64_t now_s() const;

  event::Loop& loop_;
  Table table_;
  BookKeeper policies_{table_};
  std::optional<TableFile> file_;
  std::shared_ptr<const Book> book_ = std::make_shared<const Book>();
  std::shared_ptr<const CostBook> costs_ = std::make_shared<const CostBook>();
  bool save_failed_ = false;
  base::MonotonicTime saved_at_{};
  event::Timer sweep_ = event::Timer::of<&Keeper::on_sweep>(*this);
};

}  // namespace tollgate::dataplane::limits
