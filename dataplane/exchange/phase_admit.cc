#include <algorithm>

#include "dataplane/base/text.h"
#include "dataplane/exchange/attempt/request_id.h"
#include "dataplane/exchange/exchange.h"
#include "dataplane/http/grammar.h"
#include "dataplane/http/method.h"
#include "dataplane/http/path.h"

namespace tollgate::dataplane::exchange {

namespace {

std::string_view lower_copy(std::string_view text, base::Arena& arena) {
  const bool clean =
      std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (clean) return text;
  auto* out = arena.allocate_array<char>(text.size());
  std::transform(text.begin(), text.end(), out, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return {out, text.size()};
}

}  // namespace

Step admit(Exchange& exchange) {
  Request& request = exchange.request();
  http::RequestHead& head = *request.head;
  head.fields.remove_if(
      [](const http::Field& field) { return attempt::is_internal_field(field.name); });
  request.id = attempt::request_id(head.fields, exchange.services().random, exchange.arena());
  request.peer_ip = exchange.connection().peer_ip;
  request.path = head.path;
  // CONNECT has no origin to tunnel to here; TRACE would show the client our credentials.
  if (head.form == http::TargetForm::kAuthority || head.method == http::kTrace) {
    return exchange.respond(Fault::kMethodRefused);
  }
  if (const auto authority = http::parse_authority(head.authority)) {
    request.host = lower_copy(authority->host, exchange.arena());
  }
  if (head.form == http::TargetForm::kAsterisk) return Step::kContinue;
  const auto path = http::normalize_path(head.path, {}, exchange.arena());
  if (!path) return exchange.respond(Fault::kMalformedPath);
  request.path = path->path;
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
