#include <array>

#include "dataplane/formats/chat/event.h"

namespace tollgate::dataplane::formats::chat {
namespace {

struct KindRow {
  ErrorKind kind;
  int status;
};

// In the order of the enumerators. The first row of a status is the kind that it stands for.
constexpr std::array kKinds{
    KindRow{ErrorKind::kInvalidRequest, 400}, KindRow{ErrorKind::kAuthentication, 401},
    KindRow{ErrorKind::kPermission, 403},     KindRow{ErrorKind::kNotFound, 404},
    KindRow{ErrorKind::kTooLarge, 413},       KindRow{ErrorKind::kRateLimit, 429},
    KindRow{ErrorKind::kQuota, 429},          KindRow{ErrorKind::kServer, 500},
    KindRow{ErrorKind::kOverloaded, 503},     KindRow{ErrorKind::kTimeout, 504},
};

constexpr int kAnthropicOverloaded = 529;

}  // namespace

int status_of(ErrorKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].status;
}

ErrorKind kind_of(int status) {
  if (status == 408) return ErrorKind::kTimeout;
  if (status == 402) return ErrorKind::kQuota;
  if (status == kAnthropicOverloaded) return ErrorKind::kOverloaded;
  for (const KindRow& row : kKinds) {
    if (row.status == status) return row.kind;
  }
  return status >= 400 && status < 500 ? ErrorKind::kInvalidRequest : ErrorKind::kServer;
}

base::Error broken_answer(std::string_view what) {
  return base::backend_error(base::Code::kProtocol, true,
                             "the provider's answer is broken: " + std::string(what));
}

base::Error answer_too_large() {
  return base::backend_error(base::Code::kLimitExceeded, false,
                             "the provider's answer is too large");
}

base::Error provider_failed() {
  return base::backend_error(base::Code::kUnavailable, true, "the provider reported an error");
}

}  // namespace tollgate::dataplane::formats::chat
