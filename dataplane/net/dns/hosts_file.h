#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/net/address.h"

namespace tollgate::dataplane::net::dns {

/// The system's table of hosts (hosts(5)), read again when it has changed.
class HostsFile {
 public:
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  /// The addresses (port 0) of a lower-case name; empty if it is not in the file. `localhost` and
  /// what ends in `.localhost` are the loopback addresses in any case (RFC 6761 section 6.3).
  const std::vector<Address>& find(std::string_view name, base::MonotonicTime now);

  static constexpr std::chrono::seconds kLookInterval{5};
  static constexpr std::size_t kMaxFileBytes = std::size_t{1024} * 1024;

 private:
  void refresh(base::MonotonicTime now);
  void parse(std::string_view text);

  std::string path_;
  std::map<std::string, std::vector<Address>, std::less<>> names_;
  std::vector<Address> loopback_;
  std::vector<Address> nothing_;
  base::MonotonicTime next_look_{};
  long long modified_ns_ = -1;
};

}  // namespace tollgate::dataplane::net::dns
