#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/auth/credential.h"
#include "dataplane/base/arena.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"
#include "dataplane/http/head.h"

namespace tollgate::dataplane::auth {

/// Signing keys by (access key, day, region, service): four HMACs saved per request. One per
/// worker. Holds at most kMaxEntries; a full cache drops the entry that was used longest ago.
class SigningKeyCache {
 public:
  static constexpr std::size_t kMaxEntries = 64;
  using Key = std::array<unsigned char, 32>;

  SigningKeyCache() = default;
  SigningKeyCache(const SigningKeyCache&) = delete;
  SigningKeyCache& operator=(const SigningKeyCache&) = delete;
  ~SigningKeyCache();

  /// `day` is YYYYMMDD. The reference is valid until the next call.
  const Key& get(const AwsKeys& keys, std::string_view day, std::string_view region,
                 std::string_view service);

 private:
  struct Entry {
    std::string scope;  // access key, a digest of the secret, day, region, service
    Key key{};
    std::uint64_t used = 0;
  };
  std::array<Entry, kMaxEntries> entries_;
  std::size_t size_ = 0;
  std::uint64_t tick_ = 0;
};

struct SigningScope {
  std::string_view region;
  std::string_view service = "bedrock";
};

/// Signs `head` with AWS Signature Version 4: sets x-amz-date, x-amz-security-token (if there is a
/// session token) and Authorization. Signed are host, content-type and every x-amz-* field; the
/// path is encoded once more than on the wire and the query sorted, as AWS wants for every service
/// but S3. Content-Length is not signed.
base::Status sign_aws_v4(const AwsKeys& keys, const SigningScope& scope, http::RequestHead& head,
                         std::span<const std::string_view> body, base::WallTime now,
                         SigningKeyCache& cache, base::Arena& arena);

/// The region inside a Bedrock host name (bedrock-runtime[-fips].REGION.amazonaws.com, also
/// vpce.amazonaws.com and api.aws); `fallback` for any other host.
std::string_view region_of_host(std::string_view host, std::string_view fallback);

}  // namespace tollgate::dataplane::auth
