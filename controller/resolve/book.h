#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/resolve/stages.h"
#include "dataplane/snapshot/resource.h"
#include "reconcilers/programmed.h"

namespace tollgate::controller::resolve {

/// One Gateway's set over time: revisions in order, in which of them each object's present
/// generation first was, what its proxies acknowledged, and what stands against an object.
class Book {
 public:
  using Touched = std::set<model::ObjectId>;

  explicit Book(std::string gateway);

  // One batch of changes: any number of put and erase, then commit.
  void put(const Member& member);
  void erase(const std::string& key);
  /// Closes the batch. The delta is empty (no base, no revision) if the set is as it was.
  /// `touched` gets the objects whose place in the set changed.
  snapshot::Delta commit(Touched& touched);

  /// Something stands against the owners of a resource (null: not any more).
  void set_fault(const std::string& key, std::optional<Withheld> fault, Touched& touched);
  /// Replaces the facts about proxies; `touched` gets the objects whose Programmed may change.
  void set_facts(reconcilers::GatewayFacts facts, Touched& touched);

  /// Number of a revision; 0 if it is unknown.
  [[nodiscard]] std::uint64_t number_of(const std::string& revision) const;
  /// Number of the revision in which the resource became what it is; 0 if it is not in the set.
  [[nodiscard]] std::uint64_t since(const std::string& key) const;
  /// Whether anything in the set was made of the object.
  [[nodiscard]] bool uses(const model::ObjectId& id) const { return uses_.contains(id); }
  [[nodiscard]] model::Condition programmed(const model::ObjectId& id) const;
  /// Whether nothing but acknowledgements of ready proxies is missing for the object's Programmed.
  [[nodiscard]] bool awaits(const model::ObjectId& id) const;

  [[nodiscard]] const snapshot::ResourceSet& set() const { return set_; }
  [[nodiscard]] const reconcilers::GatewayFacts& facts() const { return facts_; }
  [[nodiscard]] const std::vector<model::Owner>* owners(std::string_view key) const;
  /// Nothing in the set and nothing known: the book can be closed.
  [[nodiscard]] bool empty() const { return set_.all().empty() && faults_.empty(); }

  /// Revisions that are remembered to understand acknowledgements.
  static constexpr std::size_t kRevisionLimit = 4096;

 private:
  struct Use {
    std::size_t resources = 0;
    std::uint64_t required = 0;
  };
  struct Entry {
    std::vector<model::Owner> owners;
    std::uint64_t since = 0;
  };
  void release(const std::vector<model::Owner>& owners);

  std::string gateway_;
  snapshot::ResourceSet set_;
  std::uint64_t newest_ = 0;
  std::map<std::string, std::uint64_t> numbers_;       // revision -> number
  std::map<std::uint64_t, std::string> revisions_;     // the other way round
  std::map<std::string, Entry, std::less<>> entries_;  // by resource key
  std::map<model::ObjectId, Use> uses_;
  std::map<std::string, Withheld> faults_;                      // by resource key
  std::map<model::ObjectId, std::set<std::string>> faults_of_;  // keys of faults_
  reconcilers::GatewayFacts facts_;

  // The open batch.
  std::string base_;
  bool open_ = false;
  std::map<std::string, std::shared_ptr<const snapshot::Resource>> puts_;
  std::set<std::string> deletes_;
  std::set<std::string> changed_;
  Touched touched_;
};

}  // namespace tollgate::controller::resolve
