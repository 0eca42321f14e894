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
    visit("proxies", &Gateway::proxies);
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
    visit("gcp_project", &Credential::gcp_project);
    visit("gcp_region", &Credential::gcp_region);
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
