#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/net/socket.h"
#include "reconcilers/model/exchange.h"

namespace tollgate::controller::standalone {

/// Where the thread of the exchanges leaves what they gave, for the main thread.
class TokenInbox {
 public:
  using Item = std::pair<std::string, reconcilers::model::ExchangedToken>;

  TokenInbox();
  /// False if the system gave no event: then there is never anything to take.
  [[nodiscard]] bool usable() const { return event_.valid(); }
  /// From any thread.
  void put(const std::string& policy, reconcilers::model::ExchangedToken token);
  std::vector<Item> take();
  /// Readable while there is something to take.
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  std::mutex mutex_;
  std::vector<Item> items_;
  dataplane::net::Fd event_;
};

}  // namespace tollgate::controller::standalone
