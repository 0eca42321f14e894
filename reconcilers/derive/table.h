#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tollgate::reconcilers::derive {

using Key = std::string;
/// A value of any type; its table knows which.
using Value = std::shared_ptr<const void>;

struct Node;

/// What a function may read of a bucket of an index. Each kind has its own readers, so that a
/// reader runs again only for changes that it can see.
enum class BucketRead : std::uint8_t {
  kValues,   // keys and values of all members
  kMembers,  // which keys are members, or how many
  kFirst,    // the member with the smallest key, and its value
};

/// Who wrote an item: a function and the key of its source item. Orders several writers of one
/// item, so that the outcome does not depend on the order in which they ran. An input has an empty
/// source.
struct Producer {
  std::uint32_t function = 0;
  std::string_view source;
  friend auto operator<=>(const Producer&, const Producer&) = default;
};

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename T>
using KeyMap = std::unordered_map<Key, T, StringHash, std::equal_to<>>;
using Readers = std::set<Node*>;

/// One keyed collection without its type: items, indexes over them and who read what. An item that
/// several producers wrote shows the value of the smallest one and lives until the last withdraws.
class Table {
 public:
  using Equal = bool (*)(const void*, const void*);
  using Bucketer = std::function<void(const Key&, const void*, std::vector<Key>&)>;
  using Notify = std::function<void(Node*)>;
  /// What is shown of an item, and whose it is.
  struct Item {
    Value value;
    Producer producer;
  };
  using Items = std::map<Key, Item, std::less<>>;

  Table(std::string name, Equal equal) : name_(std::move(name)), equal_(equal) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// Adds an index to an empty table; returns its number.
  std::uint32_t add_index(Bucketer bucketer);
  void track_changes() { tracked_ = true; }

  /// Write and withdraw. `notify` is called for every reader that can see the change; the return
  /// value says whether the visible value of the item changed.
  bool put(const Key& key, Producer producer, Value value, const Notify& notify);
  bool withdraw(const Key& key, Producer producer, const Notify& notify);

  [[nodiscard]] const void* find(std::string_view key) const;
  [[nodiscard]] const std::set<Key>& bucket(std::uint32_t index, std::string_view bucket) const;
  [[nodiscard]] const Items& items() const { return items_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  void add_reader(std::string_view key, Node* node) { readers_[Key(key)].insert(node); }
  void remove_reader(std::string_view key, Node* node);
  void add_reader(std::uint32_t index, BucketRead kind, std::string_view bucket, Node* node);
  void remove_reader(std::uint32_t index, BucketRead kind, std::string_view bucket, Node* node);

  /// Keys whose visible value changed since the last call, sorted, if changes are tracked.
  std::vector<Key> take_changes();

 private:
  struct Index {
    Bucketer bucketer;
    KeyMap<std::set<Key>> members;
    KeyMap<Readers> readers[3];
  };
  using Producers = std::map<Producer, Value>;

  bool show(const Key& key, Item item, const Notify& notify);
  static void update_index(Index& index, const Key& key, const void* before, const void* after,
                           const Notify& notify);

  std::string name_;
  Equal equal_;
  Items items_;
  KeyMap<Producers> producers_;  // of items that have several
  KeyMap<Readers> readers_;
  std::vector<std::unique_ptr<Index>> indexes_;
  bool tracked_ = false;
  std::set<Key> changed_;
};

}  // namespace tollgate::reconcilers::derive
