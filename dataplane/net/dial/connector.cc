#include "dataplane/net/dial/connector.h"

#include <utility>

#include "dataplane/net/dial/attempt.h"

namespace tollgate::dataplane::net::dial {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kDns:
      return "dns";
    case Phase::kConnect:
      return "connect";
    case Phase::kTls:
      return "tls";
  }
  return "unknown";
}

Dial::Dial() = default;
Dial::Dial(std::unique_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
Dial::Dial(Dial&& other) noexcept = default;
Dial& Dial::operator=(Dial&& other) noexcept = default;
Dial::~Dial() = default;
bool Dial::pending() const {
  return attempt_ != nullptr && !attempt_->finished();
}
void Dial::cancel() {
  attempt_.reset();
}

Dial Connector::connect(const Target& target, const Timeouts& timeouts, StreamHandler& handler,
                        Callback callback) {
  auto attempt = std::make_unique<Attempt>(io_, target, timeouts, handler, std::move(callback));
  attempt->start(resolver_);
  return Dial(std::move(attempt));
}

}  // namespace tollgate::dataplane::net::dial
