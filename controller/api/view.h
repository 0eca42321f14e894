#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "controller/resolve/resolver.h"

namespace tollgate::controller::api {

/// One object as it was when the view was taken. Documents are shared and never changed, so that
/// other threads may read them.
struct ObjectView {
  std::shared_ptr<const nlohmann::json> object;
  std::shared_ptr<const nlohmann::json> status;  // null: the object's own
  std::string created;                           // RFC 3339; empty: the object's own
};

struct ListenerView {
  std::string name;
  std::string hostname;
  std::uint16_t port = 0;
  std::uint16_t bind_port = 0;
  bool accepted = false;
};

struct ProxyView {
  std::string instance;
  bool ready = false;
  bool silent = false;
  std::string acknowledged;      // revision
  std::string refused_revision;  // empty: it refuses nothing
};

struct GatewayView {
  std::string gateway;   // "NS/NAME"
  std::string revision;  // that its proxies shall have; empty: there is none yet
  std::vector<ListenerView> listeners;
  std::vector<ProxyView> proxies;
};

/// What the read API tells, taken on the thread that owns it all.
struct View {
  std::vector<ObjectView> objects;
  std::vector<GatewayView> gateways;
};

/// A Gateway that the resolver serves, with what its proxies last said.
GatewayView gateway_view(const resolve::Resolver& resolver, std::string_view gateway,
                         std::span<const resolve::ProxyReport> proxies);

}  // namespace tollgate::controller::api
