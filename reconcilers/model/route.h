#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconcilers/model/object_id.h"

namespace tollgate::reconcilers::model {

enum class MatchType : std::uint8_t { kExact, kPrefix, kRegex };

/// A path, header (name in lower case) or query parameter; a path has no name.
struct ValueMatch {
  MatchType type = MatchType::kExact;
  std::string name;
  std::string value;
  friend auto operator<=>(const ValueMatch&, const ValueMatch&) = default;
};

struct Match {
  MatchType path_type = MatchType::kPrefix;
  std::string path = "/";
  std::string method;  // empty = any
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
  friend auto operator<=>(const Match&, const Match&) = default;
};

/// Header edits in the order set, add, remove.
struct HeaderEdit {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;
  [[nodiscard]] bool empty() const { return set.empty() && add.empty() && remove.empty(); }
  friend bool operator==(const HeaderEdit&, const HeaderEdit&) = default;
};

/// Members of a request's JSON body that are set (path, JSON value) or removed.
struct BodyEdit {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> remove;
  friend bool operator==(const BodyEdit&, const BodyEdit&) = default;
};

/// An answer that the gateway gives itself.
struct Answer {
  std::uint16_t status = 500;
  std::string code;
  std::string message;
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Redirect {
  std::string scheme;
  std::string hostname;
  std::optional<std::uint16_t> port;
  std::optional<std::string> replace_full_path;
  std::optional<std::string> replace_prefix;
  std::uint16_t status = 302;
  friend bool operator==(const Redirect&, const Redirect&) = default;
};

struct Timeouts {
  std::optional<std::chrono::milliseconds> request;
  std::optional<std::chrono::milliseconds> backend_request;
  std::optional<std::chrono::milliseconds> stream_idle;  // between bytes of a backend's answer
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// What a backendRef can name: an AIServiceBackend, or a Service or Backend (port 0) of an
/// HTTPRoute.
struct BackendId {
  std::string kind;
  std::string namespace_;
  std::string name;
  std::uint16_t port = 0;
  friend auto operator<=>(const BackendId&, const BackendId&) = default;
};
/// "AIServiceBackend/default/gpt", "Service/default/web/80".
std::string key_of(const BackendId& id);

struct BackendRef {
  BackendId backend;  // no name: it may not be referred to from here
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  std::string model_override;
  HeaderEdit request_headers;
  BodyEdit request_body;
  /// Set: this backend cannot serve, its share of the requests gets this answer.
  std::optional<Answer> unusable;
  friend bool operator==(const BackendRef&, const BackendRef&) = default;
};

struct Rule {
  std::string name;
  std::vector<Match> matches;
  bool ai = false;
  std::vector<BackendRef> backends;
  HeaderEdit request_headers;
  HeaderEdit response_headers;
  Timeouts timeouts;
  std::optional<Answer> answer;
  std::optional<Redirect> redirect;
  std::vector<std::string> models;
  std::string models_owned_by;
  std::int64_t models_created_unix_s = 0;
  friend bool operator==(const Rule&, const Rule&) = default;
};

/// A listener that carries the route, and the hostnames under which it does ("" = all of the
/// listener's).
struct Attachment {
  std::string gateway;  // "NS/NAME"
  std::string listener;
  std::vector<std::string> hostnames;
  friend auto operator<=>(const Attachment&, const Attachment&) = default;
};

/// One HTTPRoute or AIGatewayRoute, resolved.
struct Route {
  Owner owner;
  Age age;
  std::vector<Attachment> attachments;
  std::vector<Rule> rules;
  friend bool operator==(const Route&, const Route&) = default;
};

}  // namespace tollgate::reconcilers::model
