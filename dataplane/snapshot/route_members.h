#pragma once

#include "dataplane/snapshot/members.h"

// The members of routes and rules: see members.h.

namespace tollgate::dataplane::snapshot {

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

}  // namespace tollgate::dataplane::snapshot
