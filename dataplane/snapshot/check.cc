#include "dataplane/snapshot/check.h"

#include <algorithm>
#include <string_view>

#include "dataplane/catalog/regex_check.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/json/reader.h"
#include "dataplane/snapshot/limits.h"

namespace tollgate::dataplane::snapshot {

namespace {

constexpr std::size_t kMaxHostnameBytes = 253;

constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  return clean && (text.empty() || (!blank(text.front()) && !blank(text.back())));
}

bool has_upper_case(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// Lower case; empty, a name, or "*." and a name.
bool is_hostname(std::string_view text) {
  if (text.empty()) return true;
  if (text.starts_with("*.")) text.remove_prefix(2);
  return !text.empty() && text.size() <= kMaxHostnameBytes && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
                  c == '_' || c == ':' || c == '[' || c == ']';
         });
}

std::string check_edit(const HeaderEdit& edit) {
  for (const auto* list : {&edit.set, &edit.add}) {
    for (const auto& [name, value] : *list) {
      if (!is_token(name)) return "'" + name + "' is no header name";
      if (!is_field_value(value)) return "the value of header " + name + " cannot be sent";
    }
  }
  for (const std::string& name : edit.remove) {
    if (!is_token(name)) return "'" + name + "' is no header name";
  }
  return {};
}

std::string check_direct(const DirectResponse& direct) {
  return direct.status < 200 || direct.status > 599 ? "a direct response's status is 200 to 599"
                                                    : std::string();
}

std::string check_redirect(const Redirect& redirect) {
  if (redirect.status < 300 || redirect.status > 399) return "a redirect's status is 300 to 399";
  if (!redirect.scheme.empty() && redirect.scheme != "http" && redirect.scheme != "https") {
    return "a redirect's scheme is http or https";
  }
  if (!is_hostname(redirect.hostname) || redirect.hostname.starts_with('*')) {
    return "'" + redirect.hostname + "' is no host name";
  }
  if (redirect.port && *redirect.port == 0) return "a redirect's port is above 0";
  return {};
}

std::string check_regex(std::string_view pattern) {
  const base::Status status = catalog::check_regex(pattern);
  return status ? std::string() : status.error().detail;
}

std::string check_values(const std::vector<ValueMatch>& matches, bool header) {
  for (const ValueMatch& match : matches) {
    if (header && (!is_token(match.name) || has_upper_case(match.name))) {
      return "'" + match.name + "' is no header name in lower case";
    }
    if (match.name.empty()) return "a query match needs a name";
    if (match.type == MatchType::kPrefix) return "a value cannot be matched by prefix";
    if (match.type == MatchType::kRegex) {
      if (std::string why = check_regex(match.value); !why.empty()) return why;
    }
  }
  return {};
}

std::string check_match(const Match& match) {
  if (match.sort_key.empty()) return "a match needs a sort key";
  if (match.path.type == MatchType::kRegex) {
    if (std::string why = check_regex(match.path.value); !why.empty()) return why;
  } else if (!match.path.value.starts_with('/')) {
    return "a path starts with '/'";
  }
  if (!match.method.empty() && !is_token(match.method)) return "invalid method";
  if (std::string why = check_values(match.headers, true); !why.empty()) return why;
  return check_values(match.query, false);
}

std::string check_body_edit(const BodyEdit& edit) {
  if (edit.set.size() + edit.remove.size() > kMaxBodyEdits) return "too many edits of a body";
  json::Reader reader;
  for (const auto& [path, value] : edit.set) {
    if (path.empty()) return "an edit of a body needs a path";
    const json::PaddedText padded(value);
    if (!reader.check(padded.view())) return "the value of '" + path + "' is no JSON";
  }
  return {};
}

std::string check_ref(const BackendRef& ref) {
  if (ref.unusable) return check_direct(*ref.unusable);
  if (ref.backend_key.empty()) return "a usable backend reference needs a backend_key";
  if (std::string why = check_body_edit(ref.request_body); !why.empty()) return why;
  return check_edit(ref.request_headers);
}

}  // namespace

std::string check(const Gateway& gateway) {
  if (gateway.name.empty()) return "a gateway needs a name";
  return gateway.proxies == 0 ? "a gateway has at least one proxy" : "";
}

std::string check(const ClientPolicy& policy) {
  return policy.request_head_timeout.count() == 0 || policy.idle_timeout.count() == 0
             ? "timeouts of a listener are above 0"
             : "";
}

std::string check(const Listener& listener) {
  if (listener.port == 0 || listener.bind_port == 0) return "a listener's ports are above 0";
  if (!is_hostname(listener.hostname)) return "'" + listener.hostname + "' is no host name";
  return {};
}

std::string check(const Route& route) {
  for (const Attachment& attachment : route.attachments) {
    if (attachment.hostnames.empty()) return "an attachment needs a hostname, which may be empty";
    for (const std::string& hostname : attachment.hostnames) {
      if (!is_hostname(hostname)) return "'" + hostname + "' is no host name";
    }
  }
  return {};
}

std::string check(const Rule& rule) {
  for (const Match& match : rule.matches) {
    if (std::string why = check_match(match); !why.empty()) return why;
  }
  for (const BackendRef& ref : rule.backends) {
    if (std::string why = check_ref(ref); !why.empty()) return why;
  }
  if (rule.limits_keys.size() > kMaxLimitsPerRule) return "too many policies limit this rule";
  if (std::string why = check_edit(rule.request_headers); !why.empty()) return why;
  if (std::string why = check_edit(rule.response_headers); !why.empty()) return why;
  if (rule.direct) {
    if (std::string why = check_direct(*rule.direct); !why.empty()) return why;
  }
  return rule.redirect ? check_redirect(*rule.redirect) : std::string();
}

std::string check(const Backend& backend) {
  if (!backend.schema.empty() && !catalog::schema_from_name(backend.schema)) {
    return "unknown schema '" + backend.schema + "'";
  }
  return {};
}

std::string check(const Upstream& upstream) {
  return upstream.connect_timeout.count() == 0 ? "connect_timeout_ms is above 0" : "";
}

std::string check(const Endpoints& endpoints) {
  for (const Endpoint& endpoint : endpoints.endpoints) {
    if (endpoint.host.empty() || endpoint.port == 0) return "an endpoint needs a host and a port";
  }
  return {};
}

std::string check(const Credential& credential) {
  if (credential.type == CredentialType::kGcp &&
      (credential.gcp_project.empty() || credential.gcp_region.empty())) {
    return "a gcp credential needs gcp_project and gcp_region";
  }
  return credential.type != CredentialType::kAws && credential.secret_key.empty()
             ? "this type of credential needs a secret_key"
             : "";
}

std::string check(const SecretValue& /*secret*/) {
  return {};
}

}  // namespace tollgate::dataplane::snapshot
