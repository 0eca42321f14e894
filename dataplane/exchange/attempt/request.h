#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/http/head.h"
#include "dataplane/json/body_scan.h"
#include "dataplane/net/held_body.h"
#include "dataplane/translate/translate.h"

namespace tollgate::dataplane::exchange::attempt {

/// What the client sent. It belongs to the exchange; attempts only read it. All texts live in the
/// exchange's arena.
struct Request {
  http::RequestHead* head = nullptr;  // without internal fields
  std::string_view host;              // lower case, without port
  std::string_view path;              // the one spelling that everybody uses
  std::string_view peer_ip;
  std::string_view id;                              // x-request-id: the client's, or ours
  const catalog::EndpointInfo* endpoint = nullptr;  // null: not an AI endpoint

  std::optional<net::HeldBody> body;  // AI endpoints: the whole body
  std::optional<json::BodyScan> scan;
  std::string_view model;  // AI: from the body, or from the path; empty if there is none
  bool streamed = false;   // AI: the client asked for a stream
  /// The body in canonical form, once an attempt needed it.
  mutable translate::Canonical canonical;
  bool complete = false;  // the message's end has come
  const http::FieldList* trailers = nullptr;
  std::uint64_t body_bytes = 0;
};

}  // namespace tollgate::dataplane::exchange::attempt
