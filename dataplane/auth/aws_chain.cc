#include "dataplane/auth/aws_chain.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "dataplane/auth/aws_documents.h"
#include "dataplane/base/text.h"

namespace tollgate::dataplane::auth {
namespace {

constexpr std::string_view kEcsAddress = "http://169.254.170.2";
constexpr std::string_view kInstanceAddress = "http://169.254.169.254";
constexpr std::string_view kInstanceAddressV6 = "http://[fd00:ec2::254]";
constexpr std::string_view kInstanceRoles = "/latest/meta-data/iam/security-credentials/";
constexpr std::string_view kInstanceTokenTtl = "21600";
constexpr std::size_t kMaxTokenBytes = std::size_t{16} * 1024;
constexpr std::size_t kMaxRoleBytes = 256;

base::Error misconfigured(std::string reason) {
  return base::config_error(base::Code::kUnauthenticated, std::move(reason));
}

/// A rejected call. 5xx and 429 pass by themselves.
base::Error refused(AwsSource source, std::string_view what, int status, std::string_view more) {
  std::string detail = std::string(to_string(source)) + ": " + std::string(what) + " answered " +
                       std::to_string(status);
  if (!more.empty()) {
    detail += " (" + std::string(more) + ")";
  }
  return base::backend_error(base::Code::kUnauthenticated, status == 429 || status >= 500,
                             std::move(detail));
}

bool is_header_value(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTokenBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7F'; });
}

std::string sts_host(std::string_view region) {
  if (region.empty()) {
    return "sts.amazonaws.com";
  }
  const std::string_view tail = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return "sts." + std::string(region) + std::string(tail);
}

}  // namespace

std::string_view to_string(AwsSource source) {
  switch (source) {
    case AwsSource::kEnvironment:
      return "environment";
    case AwsSource::kWebIdentity:
      return "web identity";
    case AwsSource::kContainer:
      return "container credentials";
    case AwsSource::kInstance:
      return "instance metadata";
  }
  return "unknown";
}

AwsSurroundings process_surroundings(std::string region) {
  AwsSurroundings out;
  out.region = std::move(region);
  out.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  out.read_file = [](const std::string& path) -> base::Result<base::Secret> {
    std::ifstream file(path, std::ios::binary);
    std::string text(kMaxCredentialDocumentBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || (file.fail() && !file.eof())) {
      return misconfigured("cannot read " + path);
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxCredentialDocumentBytes) {
      return misconfigured(path + " is larger than 64 KiB");
    }
    return base::Secret(std::move(text));
  };
  return out;
}

bool is_allowed_container_host(const Url& url) {
  constexpr std::array<std::string_view, 5> kHosts{"localhost", "::1", "169.254.170.2",
                                                   "169.254.170.23", "fd00:ec2::23"};
  if (url.tls || std::find(kHosts.begin(), kHosts.end(), url.host) != kHosts.end()) {
    return true;
  }
  const std::vector<std::string_view> parts = base::split(url.host, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           const auto number = base::parse_u64(part);
           return number && *number <= 255 && part.size() <= 3;
         });
}

AwsFetch::AwsFetch(const AwsSurroundings& surroundings) : surroundings_(surroundings) {}

std::string AwsFetch::env(const char* name) const {
  return surroundings_.environment(name).value_or(std::string());
}

base::Result<AwsFetch::Step> AwsFetch::start() {
  if (!env("AWS_ACCESS_KEY_ID").empty() || !env("AWS_SECRET_ACCESS_KEY").empty()) {
    source_ = AwsSource::kEnvironment;
    return from_environment();
  }
  if (!env("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
    source_ = AwsSource::kWebIdentity;
    return ask_sts();
  }
  if (!env("AWS_CONTAINER_CREDENTIALS_FULL_URI").empty() ||
      !env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty()) {
    source_ = AwsSource::kContainer;
    return ask_container();
  }
  source_ = AwsSource::kInstance;
  return ask_instance();
}

base::Result<AwsFetch::Step> AwsFetch::from_environment() {
  AwsKeys keys;
  keys.access_key_id = env("AWS_ACCESS_KEY_ID");
  keys.secret_access_key = base::Secret(env("AWS_SECRET_ACCESS_KEY"));
  keys.session_token = base::Secret(env("AWS_SESSION_TOKEN"));
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) {
    return misconfigured(
        "environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must both be set");
  }
  if (!is_header_value(keys.access_key_id) ||
      (!keys.session_token.empty() && !is_header_value(keys.session_token.reveal()))) {
    return misconfigured("environment: the AWS keys hold characters that no header may hold");
  }
  return Step{std::nullopt, std::move(keys)};
}

base::Result<AwsFetch::Step> AwsFetch::ask_sts() {
  const std::string role = env("AWS_ROLE_ARN");
  if (role.empty()) {
    return misconfigured("web identity: AWS_ROLE_ARN is not set");
  }
  TRY_ASSIGN(const base::Secret token, surroundings_.read_file(env("AWS_WEB_IDENTITY_TOKEN_FILE")));
  const std::string_view trimmed = base::trim(token.reveal());
  if (trimmed.empty()) {
    return misconfigured("web identity: the token file is empty");
  }
  std::string region = env("AWS_REGION");
  region = region.empty() ? env("AWS_DEFAULT_REGION") : region;
  region = region.empty() ? surroundings_.region : region;
  const std::string endpoint = env("AWS_ENDPOINT_URL_STS");
  const auto url = parse_url(endpoint.empty() ? "https://" + sts_host(region) + "/" : endpoint);
  if (!url) {
    return misconfigured("web identity: the address of STS is no URL");
  }
  std::string session = env("AWS_ROLE_SESSION_NAME");
  session = session.empty() ? "tollgate" : session;

  CredentialCall call;
  call.method = "POST";
  call.url = *url;
  call.fields.push_back(
      {"Content-Type", base::Secret("application/x-www-form-urlencoded; charset=utf-8")});
  call.body = base::Secret(
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + base::percent_encoded(role) +
      "&RoleSessionName=" + base::percent_encoded(session) +
      "&WebIdentityToken=" + base::percent_encoded(trimmed));
  stage_ = Stage::kStsAnswer;
  return Step{std::move(call), std::nullopt};
}

base::Result<AwsFetch::Step> AwsFetch::ask_container() {
  const std::string full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const std::string relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string text = relative.empty() ? full : std::string(kEcsAddress) + relative;
  const auto url = parse_url(text);
  if (!url || (!relative.empty() && !relative.starts_with('/'))) {
    return misconfigured("container credentials: the address is no URL");
  }
  if (!is_allowed_container_host(*url)) {
    return misconfigured("container credentials: plain http is refused for host " + url->host);
  }
  CredentialCall call;
  call.url = *url;
  call.fields.push_back({"Accept", base::Secret("application/json")});
  std::string token = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const std::string file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (!file.empty()) {
    TRY_ASSIGN(const base::Secret content, surroundings_.read_file(file));
    token = std::string(base::trim(content.reveal()));
  }
  base::Secret secret(std::move(token));
  if (!secret.empty()) {
    if (!is_header_value(secret.reveal())) {
      return misconfigured(
          "container credentials: the authorization token holds characters that no header may "
          "hold");
    }
    call.fields.push_back({"Authorization", std::move(secret)});
  } else if (!file.empty()) {
    return misconfigured("container credentials: the authorization token file is empty");
  }
  stage_ = Stage::kDocument;
  return Step{std::move(call), std::nullopt};
}

base::Result<AwsFetch::Step> AwsFetch::ask_instance() {
  if (base::to_lower(env("AWS_EC2_METADATA_DISABLED")) == "true") {
    return misconfigured(
        "no source of AWS keys is configured (environment, web identity, container credentials), "
        "and instance metadata is disabled");
  }
  std::string address = env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (address.empty()) {
    const bool v6 = base::to_lower(env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) == "ipv6";
    address = std::string(v6 ? kInstanceAddressV6 : kInstanceAddress);
  }
  const auto url = parse_url(address);
  if (!url) {
    return misconfigured("instance metadata: the address is no URL");
  }
  instance_ = *url;
  CredentialCall call;
  call.method = "PUT";
  call.url = instance_;
  call.url.target = "/latest/api/token";
  call.fields.push_back(
      {"X-aws-ec2-metadata-token-ttl-seconds", base::Secret(std::string(kInstanceTokenTtl))});
  call.timeout = std::chrono::milliseconds(2000);
  stage_ = Stage::kInstanceToken;
  return Step{std::move(call), std::nullopt};
}

base::Result<AwsFetch::Step> AwsFetch::instance_call(std::string_view path) {
  CredentialCall call;
  call.url = instance_;
  call.url.target = std::string(path);
  call.fields.push_back({"X-aws-ec2-metadata-token", instance_token_});
  return Step{std::move(call), std::nullopt};
}

base::Result<AwsFetch::Step> AwsFetch::on_answer(int status, std::string_view body) {
  if (stage_ == Stage::kStsAnswer) {
    if (status != 200) {
      return refused(source_, "STS", status, describe_sts_error(body));
    }
    TRY_ASSIGN(AwsKeys keys, parse_sts_answer(body));
    return Step{std::nullopt, std::move(keys)};
  }
  if (status != 200) {
    return refused(source_, "the endpoint", status, {});
  }
  switch (stage_) {
    case Stage::kInstanceToken: {
      const std::string_view token = base::trim(body);
      if (!is_header_value(token)) {
        return refused(source_, "the endpoint", status, "its session token is malformed");
      }
      instance_token_ = base::Secret(std::string(token));
      stage_ = Stage::kInstanceRole;
      return instance_call(kInstanceRoles);
    }
    case Stage::kInstanceRole: {
      const std::string_view role = base::trim(base::trim(body).substr(0, body.find('\n')));
      if (role.empty() || role.size() > kMaxRoleBytes) {
        return misconfigured("instance metadata: the instance has no role");
      }
      stage_ = Stage::kDocument;
      return instance_call(std::string(kInstanceRoles) + base::percent_encoded(role));
    }
    case Stage::kDocument:
    case Stage::kStsAnswer:
      break;
  }
  TRY_ASSIGN(AwsKeys keys, parse_credentials_json(body));
  return Step{std::nullopt, std::move(keys)};
}

}  // namespace tollgate::dataplane::auth
