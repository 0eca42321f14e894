#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/base/error.h"
#include "dataplane/event/list.h"
#include "dataplane/net/address.h"

namespace tollgate::dataplane::net::dns {

class Question;

/// What is known about one name. A node of the cache's list of use.
struct Entry : event::ListNode {
  std::string name;
  std::vector<Address> v4;
  std::vector<Address> v6;
  std::optional<base::Error> error;  // the answer was no
  base::MonotonicTime expires{};     // the answer may be given until then
  base::MonotonicTime refresh_at{};  // from here on a use asks again
  base::MonotonicTime stale_until{};
  std::uint32_t turns = 0;             // rotates the addresses
  std::unique_ptr<Question> question;  // in flight

  ~Entry();
  [[nodiscard]] bool has_addresses() const { return !v4.empty() || !v6.empty(); }
  /// In the order to try, with `port`.
  std::vector<Address> ordered(std::uint16_t port);
};

/// The entries of one worker, at most `max_entries` of them: the longest unused goes first.
class Cache {
 public:
  explicit Cache(std::size_t max_entries) : max_entries_(max_entries) {}

  /// The entry of a lower-case name, made if there is none; it becomes the last used.
  Entry& use(std::string_view name);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  void clear();

 private:
  void make_room();

  std::size_t max_entries_;
  std::map<std::string, Entry, std::less<>> entries_;
  event::ListNode by_use_;
};

}  // namespace tollgate::dataplane::net::dns
