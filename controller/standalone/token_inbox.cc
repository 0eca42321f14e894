#include "controller/standalone/token_inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace tollgate::controller::standalone {

TokenInbox::TokenInbox() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void TokenInbox::put(const std::string& policy, reconcilers::model::ExchangedToken token) {
  const std::lock_guard lock(mutex_);
  items_.emplace_back(policy, std::move(token));
  const std::uint64_t one = 1;
  // A counter that is full is readable as it is.
  static_cast<void>(!write(event_.get(), &one, sizeof one));
}

std::vector<TokenInbox::Item> TokenInbox::take() {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  static_cast<void>(!read(event_.get(), &count, sizeof count));
  return std::exchange(items_, {});
}

}  // namespace tollgate::controller::standalone
