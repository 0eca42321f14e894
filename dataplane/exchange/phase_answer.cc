#include <string>

#include "dataplane/exchange/exchange.h"
#include "dataplane/http/grammar.h"

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

bool is_escape(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && http::hex_value(text[1]) >= 0 &&
         http::hex_value(text[2]) >= 0;
}

/// A path out of the configuration, maybe with a query, as it may stand in a URL: what may not
/// stand there is escaped, escapes that are there stay. It begins with '/', else it would go on
/// with the host's name.
void append_path(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  if (!text.starts_with('/')) out += '/';
  http::CharClass allowed = http::kPathChar;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '?') allowed = http::kTargetChar;
    const bool plain = c != '%' && (c == '?' || http::is_class(c, allowed));
    if (plain || is_escape(text.substr(i))) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
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
  bool own_query = false;
  if (redirect.replace_full_path) {
    append_path(*redirect.replace_full_path, text);
    own_query = redirect.replace_full_path->find('?') != std::string::npos;
  } else if (redirect.replace_prefix) {
    append_path(
        replaced_prefix(request.path, exchange.target().matched_prefix, *redirect.replace_prefix),
        text);
  } else {
    text += request.path;
  }
  if (request.head->has_query && !own_query) {
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
