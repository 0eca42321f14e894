#pragma once

namespace tollgate::dataplane::event {

/// A link of an intrusive, doubly linked ring. A node that is in no list is a ring of itself, so
/// unlinking is always safe and needs no list. Nodes neither move nor copy.
class ListNode {
 public:
  ListNode() = default;
  ~ListNode() { unlink(); }
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  [[nodiscard]] bool linked() const { return next_ != this; }
  [[nodiscard]] ListNode* next() const { return next_; }
  [[nodiscard]] ListNode* previous() const { return prev_; }

  void unlink() {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }
  /// Links `node`, which must be in no list, before this one: with `this` as head, at the end.
  void push_back(ListNode& node) {
    node.prev_ = prev_;
    node.next_ = this;
    prev_->next_ = &node;
    prev_ = &node;
  }
  /// Moves every node of `other` (a head) to the end of this head's list.
  void take_all(ListNode& other) {
    if (!other.linked()) return;
    other.next_->prev_ = prev_;
    prev_->next_ = other.next_;
    other.prev_->next_ = this;
    prev_ = other.prev_;
    other.prev_ = other.next_ = &other;
  }

 private:
  ListNode* prev_ = this;
  ListNode* next_ = this;
};

/// A function of one object, called without allocation: what timers and jobs run.
struct Callback {
  void (*function)(void* owner) = nullptr;
  void* owner = nullptr;

  void operator()() const { function(owner); }

  template <auto Method, typename Owner>
  static Callback of(Owner& owner) {
    return {[](void* object) { (static_cast<Owner*>(object)->*Method)(); }, &owner};
  }
};

}  // namespace tollgate::dataplane::event
