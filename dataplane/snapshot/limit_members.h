#pragma once

#include "dataplane/snapshot/members.h"

namespace tollgate::dataplane::snapshot {

template <>
struct Members<Cost> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("cel", &Cost::cel);
    visit("key", &Cost::key);
    visit("type", &Cost::type);
  }
};
template <>
struct Members<Costs> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("costs", &Costs::costs);
  }
};
template <>
struct Members<LimitValueMatch> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("invert", &LimitValueMatch::invert);
    visit("name", &LimitValueMatch::name);
    visit("type", &LimitValueMatch::type);
    visit("value", &LimitValueMatch::value);
  }
};
template <>
struct Members<LimitSource> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("distinct", &LimitSource::distinct);
    visit("invert", &LimitSource::invert);
    visit("prefix", &LimitSource::prefix);
  }
};
template <>
struct Members<LimitMethod> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("invert", &LimitMethod::invert);
    visit("value", &LimitMethod::value);
  }
};
template <>
struct Members<LimitPath> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("invert", &LimitPath::invert);
    visit("type", &LimitPath::type);
    visit("value", &LimitPath::value);
  }
};
template <>
struct Members<LimitSelector> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("headers", &LimitSelector::headers);
    visit("methods", &LimitSelector::methods);
    visit("path", &LimitSelector::path);
    visit("query", &LimitSelector::query);
    visit("source_cidrs", &LimitSelector::source_cidrs);
  }
};
template <>
struct Members<LimitCost> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("metadata_key", &LimitCost::metadata_key);
    visit("number", &LimitCost::number);
  }
};
template <>
struct Members<LimitRule> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("headers", &LimitRule::headers);
    visit("id", &LimitRule::id);
    visit("limit_from_metadata_key", &LimitRule::limit_from_metadata_key);
    visit("on_store_failure", &LimitRule::on_store_failure);
    visit("request_cost", &LimitRule::request_cost);
    visit("requests", &LimitRule::requests);
    visit("response_cost", &LimitRule::response_cost);
    visit("selectors", &LimitRule::selectors);
    visit("shadow", &LimitRule::shadow);
    visit("shared", &LimitRule::shared);
    visit("unit", &LimitRule::unit);
  }
};
template <>
struct Members<Limits> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("kind", &Limits::kind);
    visit("listener_keys", &Limits::listener_keys);
    visit("policy", &Limits::policy);
    visit("rules", &Limits::rules);
    visit("scope_key", &Limits::scope_key);
    visit("unusable", &Limits::unusable);
  }
};
template <>
struct Members<LimitStore> {
  template <typename Visitor>
  static void each(Visitor&& visit) {
    visit("addresses", &LimitStore::addresses);
    visit("db", &LimitStore::db);
    visit("password_secret_key", &LimitStore::password_secret_key);
    visit("timeout_ms", &LimitStore::timeout);
    visit("tls", &LimitStore::tls);
    visit("type", &LimitStore::type);
    visit("username", &LimitStore::username);
  }
};

}  // namespace tollgate::dataplane::snapshot
