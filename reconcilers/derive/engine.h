#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "reconcilers/derive/table.h"

namespace tollgate::reconcilers::derive {

/// Handles: cheap values that name a collection or an index of one engine.
template <typename T>
struct Collection {
  std::uint32_t table = 0;
};
template <typename T>
struct Index {
  std::uint32_t table = 0;
  std::uint32_t index = 0;
};

template <typename T>
struct Entry {
  const Key* key;
  const T* value;
};

class Core;

/// What one run of a function reads, recorded: the run is repeated when any of it changes, what was
/// not there included. Pointers live until the function returns. A function may read only
/// collections that functions registered before it write.
class Lookup {
 public:
  /// Null if there is no such item.
  template <typename T>
  const T* get(Collection<T> collection, std::string_view key) {
    return static_cast<const T*>(read(collection.table, key));
  }
  /// All members of a bucket in the order of their keys.
  template <typename T>
  std::vector<Entry<T>> list(Index<T> index, std::string_view bucket) {
    std::vector<Entry<T>> entries;
    for (const auto& [key, value] : read_values(index.table, index.index, bucket)) {
      entries.push_back({key, static_cast<const T*>(value)});
    }
    return entries;
  }
  /// How many members a bucket has; changes of their values do not matter.
  template <typename T>
  std::size_t count(Index<T> index, std::string_view bucket) {
    return read_members(index.table, index.index, bucket).size();
  }
  /// The keys of a bucket's members, sorted; changes of their values do not matter.
  template <typename T>
  const std::set<Key>& keys(Index<T> index, std::string_view bucket) {
    return read_members(index.table, index.index, bucket);
  }
  /// The member with the smallest key; null pointers if there is none.
  template <typename T>
  Entry<T> first(Index<T> index, std::string_view bucket) {
    const auto [key, value] = read_first(index.table, index.index, bucket);
    return {key, static_cast<const T*>(value)};
  }

 private:
  friend class Core;
  Lookup(Core& core, Node& node) : core_(core), node_(node) {}
  using Raw = std::pair<const Key*, const void*>;

  const void* read(std::uint32_t table, std::string_view key);
  std::vector<Raw> read_values(std::uint32_t table, std::uint32_t index, std::string_view bucket);
  const std::set<Key>& read_members(std::uint32_t table, std::uint32_t index,
                                    std::string_view bucket);
  Raw read_first(std::uint32_t table, std::uint32_t index, std::string_view bucket);

  Core& core_;
  Node& node_;
};

/// What one run of a function writes. What an earlier run wrote and this one does not is withdrawn.
class Output {
 public:
  /// By reference, so that a key may be made of the value in the same call.
  template <typename T>
  void emit(Collection<T> collection, Key key, std::type_identity_t<T>&& value) {
    write(collection.table, std::move(key), std::make_shared<const T>(std::move(value)));
  }
  template <typename T>
  void emit(Collection<T> collection, Key key, const std::type_identity_t<T>& value) {
    write(collection.table, std::move(key), std::make_shared<const T>(value));
  }

 private:
  friend class Core;
  Output(Core& core, Node& node) : core_(core), node_(node) {}
  void write(std::uint32_t table, Key key, Value value);

  Core& core_;
  Node& node_;
};

/// How often functions ran.
struct Stats {
  std::uint64_t runs = 0;
  std::map<std::string, std::uint64_t> by_function;
};

/// The engine without types: tables, functions and their runs.
class Core {
 public:
  using Function = std::function<void(const Key&, const void*, Lookup&, Output&)>;

  Core();
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

 protected:
  std::uint32_t add_table(std::string name, Table::Equal equal);
  void add_function(std::string name, std::uint32_t source, std::vector<std::uint32_t> outputs,
                    Function function);
  Table& table(std::uint32_t id);
  [[nodiscard]] const Table& table(std::uint32_t id) const;
  void write_input(std::uint32_t table, const Key& key, Value value);
  void run_dirty();
  [[nodiscard]] const Stats& stats() const;
  void reset_stats();

 private:
  friend class Lookup;
  friend class Output;
  struct Impl;

  void run(Node& node);
  void commit(Node& node);
  void changed_source(std::uint32_t table, const Key& key);

  std::unique_ptr<Impl> impl_;
};

/// A set of derived collections. Inputs are put from outside; every function derives, for each item
/// of its source collection, items of other collections. `propagate` runs exactly the functions
/// that read something that changed, once each, in the order of their registration; an output that
/// equals the one before (operator== of its type) stops there.
///
/// Functions must be pure: the same reads give the same output. Not thread-safe.
class Engine : private Core {
 public:
  template <typename T>
  Collection<T> collection(std::string name) {
    return {add_table(std::move(name), [](const void* a, const void* b) {
      return *static_cast<const T*>(a) == *static_cast<const T*>(b);
    })};
  }
  /// `buckets(key, value, out)` appends the buckets that an item belongs to. Indexes are made
  /// before the collection gets its first item.
  template <typename T, typename F>
  Index<T> index(Collection<T> collection, F buckets) {
    return {collection.table,
            table(collection.table)
                .add_index([buckets](const Key& key, const void* value, std::vector<Key>& out) {
                  buckets(key, *static_cast<const T*>(value), out);
                })};
  }
  /// `function(key, value, lookup, output)` for each item of `source`. `outputs` are the
  /// collections that it writes; none of them may be a source or output that was read before.
  template <typename S, typename F, typename... T>
  void derive(std::string name, Collection<S> source, F function, Collection<T>... outputs) {
    add_function(std::move(name), source.table, {outputs.table...},
                 [function = std::move(function)](const Key& key, const void* value, Lookup& look,
                                                  Output& out) {
                   function(key, *static_cast<const S*>(value), look, out);
                 });
  }

  template <typename T>
  void put(Collection<T> input, const Key& key, std::type_identity_t<T>&& value) {
    write_input(input.table, key, std::make_shared<const T>(std::move(value)));
  }
  template <typename T>
  void erase(Collection<T> input, const Key& key) {
    write_input(input.table, key, nullptr);
  }
  void propagate() { run_dirty(); }

  template <typename T>
  const T* find(Collection<T> collection, std::string_view key) const {
    return static_cast<const T*>(table(collection.table).find(key));
  }
  /// Visits all items in the order of their keys.
  template <typename T, typename F>
  void each(Collection<T> collection, F visit) const {
    for (const auto& [key, item] : table(collection.table).items()) {
      visit(key, *static_cast<const T*>(item.value.get()));
    }
  }
  template <typename T>
  void track_changes(Collection<T> collection) {
    table(collection.table).track_changes();
  }
  /// Keys whose value changed, appeared or went since the last call, sorted.
  template <typename T>
  std::vector<Key> take_changes(Collection<T> collection) {
    return table(collection.table).take_changes();
  }
  using Core::reset_stats;
  using Core::stats;
};

}  // namespace tollgate::reconcilers::derive
