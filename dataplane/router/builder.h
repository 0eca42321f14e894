#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "dataplane/router/host_book.h"
#include "dataplane/router/router.h"
#include "dataplane/snapshot/compiler.h"

namespace tollgate::dataplane::router {

/// Makes the Router of each snapshot from the one before: of the tables that a changed rule stands
/// in, only the parts that hold its matches are built again. Used by the thread that compiles.
class Builder {
 public:
  Builder();
  ~Builder();
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  /// To be called with every update of one Compiler, in order.
  std::shared_ptr<const Router> update(const snapshot::Update& update);

  /// Parts of tables built since the start, for tests that bound the work of an update.
  [[nodiscard]] std::uint64_t parts_built() const { return parts_built_; }

 private:
  using RuleSlot = std::uint32_t;
  struct Listener {
    std::shared_ptr<const snapshot::ListenerNode> node;
    std::map<std::string, HostBook, std::less<>> hosts;
    ListenerTable::Hosts tables;
    std::set<std::string> dirty_hosts;
    bool dirty = false;
    std::shared_ptr<const ListenerTable> table;
  };
  using ListenerSlot = std::uint32_t;

  template <typename Visitor>
  void each_place(const snapshot::RuleNode& rule, Visitor&& visit);
  void remove_rule(const std::shared_ptr<const snapshot::RuleNode>& rule);
  void add_rule(const std::shared_ptr<const snapshot::RuleNode>& rule);
  void rebuild(Listener& listener);

  std::map<ListenerSlot, Listener> listeners_;
  std::map<RuleSlot, std::shared_ptr<const RuleMatches>> rules_;
  std::uint64_t parts_built_ = 0;
};

}  // namespace tollgate::dataplane::router
