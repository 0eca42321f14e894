#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/net/dial/connector.h"
#include "dataplane/net/tls/context.h"
#include "dataplane/push/message.h"

namespace tollgate::dataplane::push {

/// What became of a push.
struct PushOutcome {
  enum class Kind : std::uint8_t {
    kApplied,   // every worker serves it: acknowledged
    kRefused,   // the held set goes on; `problems` say why
    kMismatch,  // its base is not the held set: the channel starts over
  };
  Kind kind = Kind::kApplied;
  std::vector<Problem> problems;
};

/// The proxy behind the channel. Calls come from the loop of the client.
class PushReceiver {
 public:
  virtual std::string held_revision() = 0;
  virtual Report report() = 0;
  /// `done` is called once, on the loop's thread, possibly before this returns.
  virtual void on_push(snapshot::Delta delta, std::function<void(PushOutcome)> done) = 0;

 protected:
  ~PushReceiver() = default;
};

/// Reads the certificate files anew for each connection, because they rotate.
using TlsSource = std::function<base::Result<net::tls::ClientConfig>()>;

struct PushClientOptions {
  std::string host;  // the controller
  std::uint16_t port = 0;
  std::string gateway;   // "NS/NAME"
  std::string instance;  // this pod
  std::string version;
  std::vector<std::string> capabilities;
  TlsSource tls;
  /// Whether this controller's pushes are taken at first; see set_source.
  bool source = true;
  /// Called whenever `connected()` or `leads()` may have changed; not inside of other calls of the
  /// client. It may not destroy the client.
  std::function<void()> on_change;
};

/// The proxy's end of the push channel: one connection to one controller replica, made again with
/// back-off whenever it ends. What the proxy serves does not depend on it.
class PushClient {
 public:
  static constexpr std::chrono::milliseconds kReportInterval{3'000};
  static constexpr std::chrono::milliseconds kFirstRetry{200};
  static constexpr std::chrono::milliseconds kLongestRetry{5'000};

  /// `connector` and `receiver` outlive the client; everything runs on the connector's loop.
  PushClient(net::dial::Connector& connector, PushReceiver& receiver, PushClientOptions options);
  ~PushClient();
  PushClient(const PushClient&) = delete;
  PushClient& operator=(const PushClient&) = delete;

  void start();
  /// Sends a report now: something in it has changed.
  void report_soon();
  /// From now on pushes are taken, or ignored and the controller told so: it still hears of
  /// everything in reports.
  void set_source(bool source);
  [[nodiscard]] bool connected() const;
  /// Whether the controller at the other end says that it leads.
  [[nodiscard]] bool leads() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::dataplane::push
