#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/auth/credential.h"
#include "dataplane/auth/sha256.h"
#include "dataplane/base/arena.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::auth {

/// What signing needs and keeps between requests: a hash context, and signing keys by (access key,
/// secret, day, region, service), which saves four HMACs per request. One per worker. Holds at most
/// kMaxEntries keys; the one that was used longest ago makes room.
class SigningKeyCache {
 public:
  static constexpr std::size_t kMaxEntries = 64;
  using Key = Sha256::Digest;

  SigningKeyCache() = default;
  SigningKeyCache(const SigningKeyCache&) = delete;
  SigningKeyCache& operator=(const SigningKeyCache&) = delete;
  ~SigningKeyCache();

  /// `day` is YYYYMMDD. The reference is valid until the next call.
  const Key& get(const AwsKeys& keys, std::string_view day, std::string_view region,
                 std::string_view service);
  [[nodiscard]] Sha256& hash() { return hash_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string access_key_id;
    base::Secret secret;
    std::string day;
    std::string region;
    std::string service;
    Key key{};
    std::uint64_t used = 0;
  };
  Sha256 hash_;
  std::vector<Entry> entries_;
  std::uint64_t tick_ = 0;
};

struct SigningScope {
  std::string_view region;
  std::string_view service = "bedrock";
};

/// Signs `head` with AWS Signature Version 4: sets X-Amz-Date, X-Amz-Security-Token (removed if
/// there is no session token) and Authorization. Signed are host, content-type and every x-amz-*
/// field, never Content-Length. The path, as it is on the wire, is encoded once more and freed of
/// dot segments and empty segments; the query is sorted: AWS's rules for every service but S3.
base::Status sign_aws_v4(const AwsKeys& keys, const SigningScope& scope, http::RequestHead& head,
                         std::span<const std::string_view> body, base::WallTime now,
                         SigningKeyCache& cache, base::Arena& arena);

/// The region inside a Bedrock host name (bedrock-runtime[-fips].REGION.amazonaws.com, also
/// vpce.amazonaws.com and api.aws), a port allowed; `fallback` for any other host.
std::string_view region_of_host(std::string_view host, std::string_view fallback);

}  // namespace tollgate::dataplane::auth
