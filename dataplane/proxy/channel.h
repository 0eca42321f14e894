#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/proxy/proxy.h"

namespace tollgate::dataplane::proxy {

struct ChannelOptions {
  std::string controller;  // HOST:PORT
  std::string gateway;     // "NS/NAME"
  std::string cert_dir;    // ca.crt, tls.crt, tls.key, snapshot.keys; read again as they rotate
  std::string state_dir;   // where the last good snapshot is kept; empty: nowhere
  std::string instance;    // this pod's name
  std::string version;
};

/// Feeds a Proxy from the controller: serves the last good snapshot from disk at once, then what
/// the push channel brings, and keeps that on disk.
class Channel {
 public:
  /// `on_serving` is called on the service thread after every configuration that is served.
  /// `proxy` outlives the channel. Fails if the options or the certificate files are unusable.
  static base::Result<std::unique_ptr<Channel>> start(
      Proxy& proxy, ChannelOptions options, std::function<void(const ApplyResult&)> on_serving);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// After a change the snapshot on disk is at most that old.
  static constexpr std::chrono::milliseconds kSaveDelay{200};

 private:
  class Impl;
  Channel(Proxy& proxy, std::shared_ptr<Impl> impl);
  Proxy& proxy_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::proxy
