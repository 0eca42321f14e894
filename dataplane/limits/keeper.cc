#include "dataplane/limits/keeper.h"

#include "dataplane/base/log.h"

namespace tollgate::dataplane::limits {

Keeper::Keeper(event::Loop& loop, std::size_t counters, const std::string& state_dir)
    : loop_(loop), table_(counters), saved_at_(loop.now()) {
  loop_.arm(sweep_, kSweepInterval);
  if (state_dir.empty()) return;
  file_.emplace(state_dir);
  const auto loaded = file_->load(table_, now_s());
  if (loaded) {
    base::log::info("counters of limits were read", {{"counters", std::to_string(*loaded)}});
  } else if (loaded.error().code != base::Code::kNotFound) {
    base::log::warn("counters of limits begin anew", {{"why", loaded.error().detail}});
  }
}

Keeper::~Keeper() {
  save();
}

std::uint64_t Keeper::now_s() const {
  return unix_seconds(loop_.wall_now());
}

void Keeper::apply(const snapshot::Update& update) {
  book_ = policies_.update(update.limits);
  if (!update.costs.empty()) costs_ = costs_->with(update.costs);
}

void Keeper::save() {
  if (!file_) return;
  saved_at_ = loop_.now();
  const base::Status saved = file_->save(table_, now_s());
  if (!saved && !save_failed_) {
    base::log::warn("counters of limits cannot be saved", {{"why", saved.error().detail}});
  }
  save_failed_ = !saved;
}

void Keeper::on_sweep() {
  loop_.arm(sweep_, kSweepInterval);
  if (table_.used() > 0) table_.sweep(table_.slots() / kSweepParts, now_s());
  if (file_ && loop_.now() - saved_at_ >= kSaveInterval) save();
}

}  // namespace tollgate::dataplane::limits
