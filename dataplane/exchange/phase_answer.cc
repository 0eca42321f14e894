#include <string>

#include "dataplane/exchange/exchange.h"
#include "dataplane/formats/errors.h"

namespace tollgate::dataplane::exchange {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

/// Joins a replacement prefix and the rest of the path with exactly one '/'.
std::string replaced_prefix(std::string_view path, std::string_view prefix,
                            std::string_view replacement) {
  std::string_view rest = path.substr(prefix.size());
  while (replacement.ends_with('/')) replacement.remove_suffix(1);
  std::string result(replacement);
  result += rest;
  if (result.empty()) result = "/";
  return result;
}

std::string location(const snapshot::Redirect& redirect, Exchange& exchange) {
  const Request& request = exchange.request();
  const snapshot::Listener& listener = exchange.target().listener->value;
  std::string_view scheme = "http";
  if (!redirect.scheme.empty()) scheme = redirect.scheme;
  std::string text(scheme);
  text += "://";
  text += redirect.hostname.empty() ? request.host : std::string_view(redirect.hostname);
  std::uint16_t port = listener.port;
  if (redirect.port) {
    port = *redirect.port;
  } else if (!redirect.scheme.empty()) {
    port = redirect.scheme == "https" ? kHttpsPort : kHttpPort;
  }
  if (port != (scheme == "https" ? kHttpsPort : kHttpPort)) {
    text += ':';
    text += std::to_string(port);
  }
  if (redirect.replace_full_path) {
    text += *redirect.replace_full_path;
  } else if (redirect.replace_prefix) {
    text +=
        replaced_prefix(request.path, exchange.target().matched_prefix, *redirect.replace_prefix);
  } else {
    text += request.path;
  }
  if (request.head->has_query) {
    text += '?';
    text += request.head->query;
  }
  return text;
}

}  // namespace

Step answer(Exchange& exchange) {
  const snapshot::Rule& rule = exchange.target().rule->value;
  if (rule.redirect) {
    if (exchange.request().host.empty() && rule.redirect->hostname.empty()) {
      return exchange.respond(Fault::kMalformedRequest, Exchange::kNoHost);
    }
    Reply reply;
    reply.status = rule.redirect->status;
    reply.location = exchange.arena().copy(location(*rule.redirect, exchange));
    reply.content_type = {};
    return exchange.respond(std::move(reply));
  }
  if (rule.direct) {
    return exchange.respond_direct(*rule.direct);
  }
  return Step::kContinue;
}

}  // namespace tollgate::dataplane::exchange
