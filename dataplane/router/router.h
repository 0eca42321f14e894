#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/router/host_table.h"
#include "dataplane/snapshot/compiled.h"

namespace tollgate::dataplane::router {

/// Names and wildcards to numbers: an exact name first, then the longest wildcard, then any.
class HostIndex {
 public:
  /// `hostname` is empty, a name or "*.name"; lower case.
  void insert(std::string_view hostname, std::uint32_t value);

  /// Calls `visit(number)` for every hostname that `host` belongs to, most specific first, until it
  /// answers true. Answers whether it did.
  template <typename Visitor>
  bool visit(std::string_view host, Visitor&& visit) const {
    if (const auto at = exact_.find(host); at && visit(*at)) return true;
    if (!suffixes_.empty()) {
      for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
           dot = host.find('.', dot + 1)) {
        if (dot == 0) continue;
        const auto at = suffixes_.find(host.substr(dot));
        if (at && visit(*at)) return true;
      }
    }
    return any_ != kNone && visit(any_);
  }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  FlatIndex exact_;
  FlatIndex suffixes_;  // ".example.com" of "*.example.com"
  std::uint32_t any_ = kNone;
};

/// The rules of one listener. Immutable.
class ListenerTable {
 public:
  using Hosts = std::map<std::string, std::shared_ptr<const HostTable>, std::less<>>;
  ListenerTable(std::shared_ptr<const snapshot::ListenerNode> listener, const Hosts& hosts);

  [[nodiscard]] const std::shared_ptr<const snapshot::ListenerNode>& listener() const {
    return listener_;
  }
  /// The first rule of the most specific hostname that has one for this request.
  [[nodiscard]] Found find(const RequestView& request) const;
  /// The tables that `host` belongs to, most specific first: what the models list is made of.
  [[nodiscard]] std::vector<const HostTable*> tables_for(std::string_view host) const;
  /// Some rule for `host` routes by model.
  [[nodiscard]] bool has_ai(std::string_view host) const;
  /// Whether a request for an AI endpoint's path is one here: a host with rules that route by model
  /// is reached before a rule of a more specific host takes the request. `request` has no model
  /// yet.
  [[nodiscard]] bool is_ai(const RequestView& request) const;
  /// A rule that does not route by model asks for exactly this path and takes the request: it comes
  /// before a document of our own.
  [[nodiscard]] bool has_web_path(const RequestView& request) const;

 private:
  std::shared_ptr<const snapshot::ListenerNode> listener_;
  std::vector<std::shared_ptr<const HostTable>> tables_;
  HostIndex index_;
  bool some_ai_ = false;  // a host of this listener has AI rules
};

/// All listeners of a snapshot by the port that their sockets are bound to. Immutable; shared by
/// the workers.
class Router {
 public:
  using Listeners = std::vector<std::shared_ptr<const ListenerTable>>;
  Router() = default;
  explicit Router(Listeners listeners);

  /// The listener with the most specific hostname for `host`; nullptr if none takes it.
  [[nodiscard]] const ListenerTable* find_listener(std::uint16_t bind_port,
                                                   std::string_view host) const;
  /// What holds for a connection before its first request: the policy of the port's listener
  /// without hostname, else of its first one; nullptr if the port has none.
  [[nodiscard]] const snapshot::ListenerNode* port_default(std::uint16_t bind_port) const;
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  [[nodiscard]] const Listeners& listeners() const { return listeners_; }

 private:
  struct Port {
    std::uint16_t number = 0;
    HostIndex index;  // numbers are positions in listeners_
    const snapshot::ListenerNode* standard = nullptr;
  };
  [[nodiscard]] const Port* find_port(std::uint16_t bind_port) const;

  Listeners listeners_;
  std::vector<Port> ports_;  // few: searched in order
};

}  // namespace tollgate::dataplane::router
