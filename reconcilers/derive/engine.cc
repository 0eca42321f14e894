#include "reconcilers/derive/engine.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace tollgate::reconcilers::derive {

namespace {

constexpr std::uint32_t kNoIndex = 0xFFFFFFFF;

/// One thing that a run read. An index of kNoIndex means the item `key` itself.
struct Read {
  std::uint32_t table = 0;
  std::uint32_t index = kNoIndex;
  BucketRead kind = BucketRead::kValues;
  Key key;
  friend auto operator<=>(const Read&, const Read&) = default;
};

struct Write {
  std::uint32_t table = 0;
  Key key;
  friend auto operator<=>(const Write&, const Write&) = default;
};

}  // namespace

/// One function applied to one item of its source.
struct Node {
  std::uint32_t function = 0;
  Key source;
  std::vector<Read> reads;
  std::vector<Write> writes;
  // What the current run did, moved to the above when it ends.
  std::vector<Read> new_reads;
  std::vector<std::pair<Write, Value>> new_writes;
  bool dirty = false;
};

struct Core::Impl {
  struct Registered {
    std::string name;
    std::uint32_t source = 0;
    std::vector<std::uint32_t> outputs;
    Function function;
    std::map<Key, std::unique_ptr<Node>, std::less<>> nodes;
    std::vector<Node*> dirty;
  };

  std::vector<std::unique_ptr<Table>> tables;
  std::vector<std::uint32_t> last_writer;                // per table; 0 = inputs only
  std::vector<std::vector<std::uint32_t>> derived_from;  // per table: functions it is source of
  std::vector<Registered> functions;                     // number 0 stands for inputs
  Stats stats;

  void mark(Node* node) {
    if (node->dirty) return;
    node->dirty = true;
    functions[node->function].dirty.push_back(node);
  }
};

Core::Core() : impl_(std::make_unique<Impl>()) {
  impl_->functions.emplace_back();
}
Core::~Core() = default;

std::uint32_t Core::add_table(std::string name, Table::Equal equal) {
  impl_->tables.push_back(std::make_unique<Table>(std::move(name), equal));
  impl_->last_writer.push_back(0);
  impl_->derived_from.emplace_back();
  return static_cast<std::uint32_t>(impl_->tables.size() - 1);
}

void Core::add_function(std::string name, std::uint32_t source, std::vector<std::uint32_t> outputs,
                        Function function) {
  const auto number = static_cast<std::uint32_t>(impl_->functions.size());
  for (const std::uint32_t output : outputs) {
    assert(impl_->derived_from[output].empty() && "written after it became a source");
    impl_->last_writer[output] = number;
  }
  impl_->derived_from[source].push_back(number);
  Impl::Registered& added = impl_->functions.emplace_back();
  added.name = std::move(name);
  added.source = source;
  added.outputs = std::move(outputs);
  added.function = std::move(function);
}

Table& Core::table(std::uint32_t id) {
  return *impl_->tables[id];
}
const Table& Core::table(std::uint32_t id) const {
  return *impl_->tables[id];
}

void Core::write_input(std::uint32_t id, const Key& key, Value value) {
  assert(impl_->last_writer[id] == 0 && "only inputs are put from outside");
  const Table::Notify notify = [this](Node* node) { impl_->mark(node); };
  const bool changed = value ? table(id).put(key, {}, std::move(value), notify)
                             : table(id).withdraw(key, {}, notify);
  if (changed) changed_source(id, key);
}

/// An item appeared, changed or went: the functions over its collection have to look at it.
void Core::changed_source(std::uint32_t id, const Key& key) {
  for (const std::uint32_t number : impl_->derived_from[id]) {
    Impl::Registered& function = impl_->functions[number];
    std::unique_ptr<Node>& node = function.nodes[key];
    if (!node) {
      node = std::make_unique<Node>();
      node->function = number;
      node->source = key;
    }
    impl_->mark(node.get());
  }
}

void Core::run_dirty() {
  for (Impl::Registered& function : impl_->functions) {
    std::vector<Node*> batch = std::move(function.dirty);
    function.dirty.clear();
    std::sort(batch.begin(), batch.end(),
              [](const Node* a, const Node* b) { return a->source < b->source; });
    for (Node* node : batch) run(*node);
    assert(function.dirty.empty() && "a function changed what it reads itself");
  }
}

void Core::run(Node& node) {
  Impl::Registered& function = impl_->functions[node.function];
  node.dirty = false;
  const void* value = table(function.source).find(node.source);
  if (value != nullptr) {
    ++impl_->stats.runs;
    ++impl_->stats.by_function[function.name];
    Lookup look(*this, node);
    Output out(*this, node);
    function.function(node.source, value, look, out);
  }
  commit(node);
  if (value == nullptr) function.nodes.erase(function.nodes.find(node.source));
}

/// Makes what the run read and wrote the node's own, and undoes what only the run before did.
void Core::commit(Node& node) {
  const Producer producer{node.function, node.source};
  const Table::Notify notify = [this](Node* reader) { impl_->mark(reader); };

  std::sort(node.new_reads.begin(), node.new_reads.end());
  node.new_reads.erase(std::unique(node.new_reads.begin(), node.new_reads.end()),
                       node.new_reads.end());
  for (const Read& old : node.reads) {
    if (std::binary_search(node.new_reads.begin(), node.new_reads.end(), old)) continue;
    if (old.index == kNoIndex) {
      table(old.table).remove_reader(old.key, &node);
    } else {
      table(old.table).remove_reader(old.index, old.kind, old.key, &node);
    }
  }
  for (const Read& now : node.new_reads) {
    if (std::binary_search(node.reads.begin(), node.reads.end(), now)) continue;
    if (now.index == kNoIndex) {
      table(now.table).add_reader(now.key, &node);
    } else {
      table(now.table).add_reader(now.index, now.kind, now.key, &node);
    }
  }
  node.reads = std::move(node.new_reads);
  node.new_reads.clear();

  std::vector<Write> writes;
  writes.reserve(node.new_writes.size());
  for (auto& [write, value] : node.new_writes) {
    writes.push_back(write);
    if (table(write.table).put(write.key, producer, std::move(value), notify)) {
      changed_source(write.table, write.key);
    }
  }
  node.new_writes.clear();
  std::sort(writes.begin(), writes.end());
  for (const Write& old : node.writes) {
    if (std::binary_search(writes.begin(), writes.end(), old)) continue;
    if (table(old.table).withdraw(old.key, producer, notify)) changed_source(old.table, old.key);
  }
  writes.erase(std::unique(writes.begin(), writes.end()), writes.end());
  node.writes = std::move(writes);
}

const Stats& Core::stats() const {
  return impl_->stats;
}
void Core::reset_stats() {
  impl_->stats = {};
}

const void* Lookup::read(std::uint32_t id, std::string_view key) {
  assert(core_.impl_->last_writer[id] < node_.function && "read before it is written");
  node_.new_reads.push_back({id, kNoIndex, BucketRead::kValues, Key(key)});
  return core_.table(id).find(key);
}

std::vector<Lookup::Raw> Lookup::read_values(std::uint32_t id, std::uint32_t index,
                                             std::string_view bucket) {
  assert(core_.impl_->last_writer[id] < node_.function && "read before it is written");
  node_.new_reads.push_back({id, index, BucketRead::kValues, Key(bucket)});
  const Table& table = core_.table(id);
  std::vector<Raw> entries;
  for (const Key& key : table.bucket(index, bucket)) entries.emplace_back(&key, table.find(key));
  return entries;
}

const std::set<Key>& Lookup::read_members(std::uint32_t id, std::uint32_t index,
                                          std::string_view bucket) {
  assert(core_.impl_->last_writer[id] < node_.function && "read before it is written");
  node_.new_reads.push_back({id, index, BucketRead::kMembers, Key(bucket)});
  return core_.table(id).bucket(index, bucket);
}

Lookup::Raw Lookup::read_first(std::uint32_t id, std::uint32_t index, std::string_view bucket) {
  assert(core_.impl_->last_writer[id] < node_.function && "read before it is written");
  node_.new_reads.push_back({id, index, BucketRead::kFirst, Key(bucket)});
  const Table& table = core_.table(id);
  const std::set<Key>& members = table.bucket(index, bucket);
  if (members.empty()) return {nullptr, nullptr};
  return {&*members.begin(), table.find(*members.begin())};
}

void Output::write(std::uint32_t id, Key key, Value value) {
  [[maybe_unused]] const auto& outputs = core_.impl_->functions[node_.function].outputs;
  assert(std::find(outputs.begin(), outputs.end(), id) != outputs.end() && "undeclared output");
  node_.new_writes.emplace_back(Write{id, std::move(key)}, std::move(value));
}

}  // namespace tollgate::reconcilers::derive
