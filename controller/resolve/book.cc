#include "controller/resolve/book.h"

#include <utility>

#include "reconcilers/conditions.h"

namespace tollgate::controller::resolve {

Book::Book(std::string gateway) : gateway_(std::move(gateway)) {
  facts_.gateway = gateway_;
}

void Book::release(const std::vector<model::Owner>& owners) {
  for (const model::Owner& owner : owners) {
    touched_.insert(owner.id);
    const auto found = uses_.find(owner.id);
    if (found != uses_.end() && --found->second.resources == 0) uses_.erase(found);
  }
}

void Book::put(const Member& member) {
  if (!open_) base_ = set_.all().empty() ? std::string() : set_.revision();
  open_ = true;
  const std::string& key = member.resource->key;
  if (set_.put(member.resource)) {
    changed_.insert(key);
    puts_[key] = member.resource;
    deletes_.erase(key);
  }
  Entry& entry = entries_[key];
  // Counted up before the old owners are released, so that a use that stays is not forgotten.
  for (const model::Owner& owner : member.owners) {
    ++uses_[owner.id].resources;
    touched_.insert(owner.id);
  }
  release(entry.owners);
  entry.owners = member.owners;
}

void Book::erase(const std::string& key) {
  if (!open_) base_ = set_.all().empty() ? std::string() : set_.revision();
  open_ = true;
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  release(found->second.owners);
  entries_.erase(found);
  set_.erase(key);
  puts_.erase(key);
  changed_.erase(key);
  deletes_.insert(key);
}

snapshot::Delta Book::commit(Touched& touched) {
  snapshot::Delta delta;
  const std::string revision = set_.all().empty() ? std::string() : set_.revision();
  if (open_ && revision != base_) {
    ++newest_;
    if (const auto again = numbers_.find(revision); again != numbers_.end()) {
      revisions_.erase(again->second);
    }
    numbers_[revision] = newest_;
    revisions_[newest_] = revision;
    if (revisions_.size() > kRevisionLimit) {
      numbers_.erase(revisions_.begin()->second);
      revisions_.erase(revisions_.begin());
    }
    delta.base = base_;
    delta.revision = set_.revision();
    for (auto& [key, resource] : puts_) delta.puts.push_back(std::move(resource));
    delta.deletes.assign(deletes_.begin(), deletes_.end());
  }
  for (const std::string& key : changed_) entries_[key].since = newest_;
  for (const model::ObjectId& id : touched_) {
    const auto use = uses_.find(id);
    if (use != uses_.end()) use->second.required = newest_;
  }
  touched.insert(touched_.begin(), touched_.end());
  puts_.clear();
  deletes_.clear();
  changed_.clear();
  touched_.clear();
  open_ = false;
  return delta;
}

void Book::set_fault(const std::string& key, std::optional<Withheld> fault, Touched& touched) {
  const auto found = faults_.find(key);
  if (found != faults_.end()) {
    for (const model::Owner& owner : found->second.owners) {
      touched.insert(owner.id);
      const auto of = faults_of_.find(owner.id);
      if (of == faults_of_.end()) continue;
      of->second.erase(key);
      if (of->second.empty()) faults_of_.erase(of);
    }
    faults_.erase(found);
  }
  if (!fault) return;
  for (const model::Owner& owner : fault->owners) {
    touched.insert(owner.id);
    faults_of_[owner.id].insert(key);
  }
  faults_.emplace(key, *std::move(fault));
}

void Book::set_facts(reconcilers::GatewayFacts facts, Touched& touched) {
  facts.gateway = gateway_;
  if (facts == facts_) return;
  const std::uint64_t before = reconcilers::acknowledged_by_all(facts_);
  const auto any_ready = [](const reconcilers::GatewayFacts& f) {
    for (const auto& proxy : f.proxies) {
      if (proxy.ready && !proxy.silent) return true;
    }
    return false;
  };
  const bool flipped = any_ready(facts_) != any_ready(facts);
  facts_ = std::move(facts);
  const std::uint64_t after = reconcilers::acknowledged_by_all(facts_);
  // What every proxy had before and has now reads as before; all else may read differently.
  const std::uint64_t settled = flipped ? 0 : std::min(before, after);
  for (const auto& [id, use] : uses_) {
    if (use.required > settled || id.kind == "Gateway" || flipped) touched.insert(id);
  }
}

std::uint64_t Book::number_of(const std::string& revision) const {
  const auto found = numbers_.find(revision);
  return found == numbers_.end() ? 0 : found->second;
}

std::uint64_t Book::since(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.since;
}

model::Condition Book::programmed(const model::ObjectId& id) const {
  const auto against = faults_of_.find(id);
  if (against != faults_of_.end()) {
    const Withheld& fault = faults_.at(*against->second.begin());
    return reconcilers::no(reconcilers::kProgrammed, fault.reason, fault.why);
  }
  const auto use = uses_.find(id);
  if (use == uses_.end()) {
    return reconcilers::no(reconcilers::kProgrammed, "NotUsed",
                           "Nothing that Gateway " + gateway_ + " serves uses this object.");
  }
  return reconcilers::programmed(facts_, use->second.required, id.kind == "Gateway");
}

bool Book::awaits(const model::ObjectId& id) const {
  const auto use = uses_.find(id);
  return use != uses_.end() && !faults_of_.contains(id) &&
         reconcilers::awaited(facts_, use->second.required);
}

const std::vector<model::Owner>* Book::owners(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second.owners;
}

}  // namespace tollgate::controller::resolve
