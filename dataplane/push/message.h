#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/snapshot/resource.h"

namespace tollgate::dataplane::push {

/// First message of a proxy. `revision` is the hash of the set that it serves now, empty if none.
struct Hello {
  std::uint32_t schema = snapshot::kSchemaVersion;
  std::vector<std::string> capabilities;
  std::string instance;  // the pod's name
  std::string gateway;   // "NS/NAME"
  std::string revision;
  std::string version;  // of the program
  /// Whether this controller's pushes are taken; one that only watches learns from reports.
  bool source = true;
  /// Whether the proxy understands kRole frames.
  bool roles = false;
};

struct Ack {
  std::string revision;
};

/// One resource that the proxy cannot use, and why.
struct Problem {
  std::string key;
  std::string why;
};

struct Nack {
  std::string revision;
  std::vector<Problem> problems;
};

/// The state of a credential that the proxy fetches itself.
struct CredentialReport {
  std::string key;
  bool usable = false;
  std::string why;  // empty if usable; never holds key material
};

/// Sent every kReportInterval and whenever something in it changes.
struct Report {
  bool ready = false;  // listeners are open and a snapshot is served
  std::string revision;
  std::vector<CredentialReport> credentials;
  /// As in Hello: it may change at any time.
  bool source = true;
  /// The newest set that was refused, and what in it; empty after one that was accepted.
  std::string refused_revision;
  std::vector<Problem> problems;
};

/// Whether the replica at the controller's end leads.
struct Role {
  bool leader = false;
};

/// Limits of what one message may hold.
inline constexpr std::size_t kProblemLimit = 1024;
inline constexpr std::size_t kCapabilityLimit = 64;
inline constexpr std::size_t kNameLimitBytes = 512;
inline constexpr std::size_t kWhyLimitBytes = 2048;

std::string encode(const Hello& hello);
std::string encode(const Ack& ack);
std::string encode(const Nack& nack);
std::string encode(const Report& report);
std::string encode(const Role& role);
std::string encode_refusal(std::string_view why);
/// The snapshot's own lines: first {"base":...,"revision":...}, then one line per put
/// {"body":...,"key":...} and one per delete {"delete":KEY}.
std::string encode(const snapshot::Delta& delta);

base::Result<Hello> decode_hello(std::string_view payload);
base::Result<Ack> decode_ack(std::string_view payload);
base::Result<Nack> decode_nack(std::string_view payload);
base::Result<Report> decode_report(std::string_view payload);
base::Result<Role> decode_role(std::string_view payload);
base::Result<std::string> decode_refusal(std::string_view payload);
base::Result<snapshot::Delta> decode_delta(std::string_view payload);

}  // namespace tollgate::dataplane::push
