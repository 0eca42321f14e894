#pragma once

#include <string>
#include <utility>

#include "dataplane/snapshot/types.h"

// The one description of what a body holds: per type its members, sorted by name. The encoder and
// the decoder are both written over it. Names of durations end in _ms.

namespace tollgate::dataplane::snapshot {

template <typename T>
struct Members;

using NameValue = std::pair<std::string, std::string>;

template <>
struct Members<NameValue> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("name", &NameValue::first);
    visit("value", &NameValue::second);
  }
};
template <>
struct Members<Gateway> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("name", &Gateway::name);
    visit("store_key", &Gateway::store_key);
  }
};
template <>
struct Members<ClientPolicy> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("buffer_limit_bytes", &ClientPolicy::buffer_limit_bytes);
    visit("idle_timeout_ms", &ClientPolicy::idle_timeout);
    visit("request_head_timeout_ms", &ClientPolicy::request_head_timeout);
  }
};
template <>
struct Members<Listener> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("bind_port", &Listener::bind_port);
    visit("client_policy_key", &Listener::client_policy_key);
    visit("gateway_key", &Listener::gateway_key);
    visit("hostname", &Listener::hostname);
    visit("name", &Listener::name);
    visit("port", &Listener::port);
    visit("protocol", &Listener::protocol);
  }
};
template <>
struct Members<Attachment> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("hostnames", &Attachment::hostnames);
    visit("listener_key", &Attachment::listener_key);
  }
};
template <>
struct Members<Route> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("attachments", &Route::attachments);
    visit("kind", &Route::kind);
    visit("name", &Route::name);
  }
};
template <>
struct Members<PathMatch> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("type", &PathMatch::type);
    visit("value", &PathMatch::value);
  }
};
template <>
struct Members<ValueMatch> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("name", &ValueMatch::name);
    visit("type", &ValueMatch::type);
    visit("value", &ValueMatch::value);
  }
};
template <>
struct Members<Match> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("headers", &Match::headers);
    visit("method", &Match::method);
    visit("path", &Match::path);
    visit("query", &Match::query);
    visit("sort_key", &Match::sort_key);
  }
};
template <>
struct Members<HeaderEdit> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("add", &HeaderEdit::add);
    visit("remove", &HeaderEdit::remove);
    visit("set", &HeaderEdit::set);
  }
};
template <>
struct Members<DirectResponse> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("code", &DirectResponse::code);
    visit("message", &DirectResponse::message);
    visit("status", &DirectResponse::status);
  }
};
template <>
struct Members<Redirect> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("hostname", &Redirect::hostname);
    visit("port", &Redirect::port);
    visit("replace_full_path", &Redirect::replace_full_path);
    visit("replace_prefix", &Redirect::replace_prefix);
    visit("scheme", &Redirect::scheme);
    visit("status", &Redirect::status);
  }
};
template <>
struct Members<BodyEdit> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("remove", &BodyEdit::remove);
    visit("set", &BodyEdit::set);
  }
};
template <>
struct Members<BackendRef> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("backend_key", &BackendRef::backend_key);
    visit("model_override", &BackendRef::model_override);
    visit("priority", &BackendRef::priority);
    visit("request_body", &BackendRef::request_body);
    visit("request_headers", &BackendRef::request_headers);
    visit("unusable", &BackendRef::unusable);
    visit("weight", &BackendRef::weight);
  }
};
template <>
struct Members<Timeouts> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("backend_request_ms", &Timeouts::backend_request);
    visit("request_ms", &Timeouts::request);
    visit("stream_idle_ms", &Timeouts::stream_idle);
  }
};
template <>
struct Members<DeclaredModel> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("id", &DeclaredModel::id);
  }
};
template <>
struct Members<Rule> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("ai", &Rule::ai);
    visit("backends", &Rule::backends);
    visit("costs_key", &Rule::costs_key);
    visit("direct", &Rule::direct);
    visit("limits_keys", &Rule::limits_keys);
    visit("matches", &Rule::matches);
    visit("models", &Rule::models);
    visit("models_created_unix_s", &Rule::models_created_unix_s);
    visit("models_owned_by", &Rule::models_owned_by);
    visit("name", &Rule::name);
    visit("redirect", &Rule::redirect);
    visit("request_headers", &Rule::request_headers);
    visit("response_headers", &Rule::response_headers);
    visit("route_key", &Rule::route_key);
    visit("timeouts", &Rule::timeouts);
  }
};
template <>
struct Members<Backend> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("credential_key", &Backend::credential_key);
    visit("host", &Backend::host);
    visit("name", &Backend::name);
    visit("schema", &Backend::schema);
    visit("schema_prefix", &Backend::schema_prefix);
    visit("schema_version", &Backend::schema_version);
    visit("upstream_key", &Backend::upstream_key);
  }
};
template <>
struct Members<UpstreamTls> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("ca_pem", &UpstreamTls::ca_pem);
    visit("hostname", &UpstreamTls::hostname);
    visit("sni", &UpstreamTls::sni);
    visit("subject_alt_names", &UpstreamTls::subject_alt_names);
    visit("system_ca", &UpstreamTls::system_ca);
  }
};
template <>
struct Members<Upstream> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("connect_timeout_ms", &Upstream::connect_timeout);
    visit("endpoints_key", &Upstream::endpoints_key);
    visit("idle_timeout_ms", &Upstream::idle_timeout);
    visit("tls", &Upstream::tls);
  }
};
template <>
struct Members<Endpoint> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("host", &Endpoint::host);
    visit("port", &Endpoint::port);
  }
};
template <>
struct Members<Endpoints> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("endpoints", &Endpoints::endpoints);
  }
};
template <>
struct Members<Credential> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("aws_profile", &Credential::aws_profile);
    visit("aws_region", &Credential::aws_region);
    visit("secret_key", &Credential::secret_key);
    visit("type", &Credential::type);
  }
};

/// Base64, since a secret's bytes need not be text.
template <>
struct Members<SecretValue> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("value_base64", &SecretValue::value);
  }
};

}  // namespace tollgate::dataplane::snapshot
