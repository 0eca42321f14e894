#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/auth/credential.h"
#include "dataplane/auth/url.h"
#include "dataplane/base/result.h"

namespace tollgate::dataplane::auth {

/// What the AWS default chain looks at outside the network.
struct AwsSurroundings {
  /// The value of an environment variable; nullopt and empty mean the same.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  /// A small file's content. Tokens rotate, so files are read anew for each fetch.
  std::function<base::Result<base::Secret>(const std::string& path)> read_file;
  /// Where STS is asked if the environment names no region; empty: the global endpoint.
  std::string region;
};
/// The process's own environment and files (of at most 64 KiB).
AwsSurroundings process_surroundings(std::string region);

/// One HTTP request of a fetch. Fields and body may hold tokens.
struct CredentialCall {
  struct Field {
    std::string name;
    base::Secret value;
  };
  std::string method = "GET";
  Url url;
  std::vector<Field> fields;
  base::Secret body;
  std::chrono::milliseconds timeout{5000};
};

/// The places that keys come from, in the order in which the chain takes the first that is
/// configured. A configured one that fails is reported, never skipped over.
enum class AwsSource : std::uint8_t {
  kEnvironment,  // AWS_ACCESS_KEY_ID ...
  kWebIdentity,  // AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE (EKS IRSA), through STS
  kContainer,    // AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS Pod Identity) or _RELATIVE_URI (ECS)
  kInstance,     // instance metadata, version 2
};
std::string_view to_string(AwsSource source);

/// One walk through the chain to a set of keys. Sans-I/O: says which request to make, takes the
/// answer, until there are keys or an error, whose detail is a sentence without secrets.
///
///   environment                -> keys
///   web identity:  POST STS    -> keys
///   container:     GET uri     -> keys
///   instance:      PUT token   -> GET role name -> GET keys of the role -> keys
class AwsFetch {
 public:
  explicit AwsFetch(const AwsSurroundings& surroundings);

  struct Step {
    std::optional<CredentialCall> call;
    std::optional<AwsKeys> keys;  // if there is no call
  };
  base::Result<Step> start();
  /// The answer to the last call. `body` is cut at kMaxCredentialDocumentBytes by the caller.
  base::Result<Step> on_answer(int status, std::string_view body);

  [[nodiscard]] AwsSource source() const { return source_; }

 private:
  enum class Stage : std::uint8_t { kDocument, kStsAnswer, kInstanceToken, kInstanceRole };

  [[nodiscard]] std::string env(const char* name) const;
  base::Result<Step> from_environment();
  base::Result<Step> ask_sts();
  base::Result<Step> ask_container();
  base::Result<Step> ask_instance();
  base::Result<Step> instance_call(std::string_view path);

  const AwsSurroundings& surroundings_;
  AwsSource source_ = AwsSource::kInstance;
  Stage stage_ = Stage::kDocument;
  Url instance_;
  base::Secret instance_token_;
};

/// Whether a container credential endpoint may be asked: https, or http to a loopback address or to
/// the addresses that ECS and EKS answer at. Anything else could be a stranger's.
bool is_allowed_container_host(const Url& url);

}  // namespace tollgate::dataplane::auth
