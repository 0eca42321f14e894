#include "controller/kube/http/curl_transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "controller/curl/curl.h"
#include "dataplane/base/text.h"

namespace tollgate::controller::kube::http {

namespace {

namespace base = dataplane::base;

constexpr std::size_t kMaxHeaders = 100;
constexpr long kReceiveBufferBytes = 128L * 1024;
constexpr unsigned kTcpUserTimeoutMs = 30'000;
constexpr long kKeepAliveSeconds = 30;

template <typename T>
bool set(CURL* easy, CURLoption option, T value) {
  return curl::library().easy_setopt(easy, option, value) == CURLE_OK;
}

std::string header_line(const std::string& name, const std::string& value) {
  std::string line = name;
  line += ": ";
  line += value;
  return line;
}

bool set_blob(CURL* easy, CURLoption option, std::string_view bytes) {
  // libcurl copies the bytes into the handle, which lives as long as the request.
  curl_blob blob{const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
  return curl::library().easy_setopt(easy, option, &blob) == CURLE_OK;
}

bool append(curl_slist*& list, const std::string& line) {
  curl_slist* longer = curl::library().slist_append(list, line.c_str());
  if (longer == nullptr) return false;
  list = longer;
  return true;
}

int on_socket(void*, curl_socket_t socket, curlsocktype) {
  // Unacknowledged bytes of ours (a probe too) end a dead connection even without an answer.
  const unsigned timeout = kTcpUserTimeoutMs;
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
  return CURL_SOCKOPT_OK;
}

struct HostPort {
  std::string scheme;
  std::string host;  // with brackets if IPv6
  std::string port;  // never empty
  std::string rest;  // path prefix
};

HostPort split_server(std::string_view server) {
  HostPort out;
  const std::size_t scheme = server.find("://");
  out.scheme = server.substr(0, scheme);
  server.remove_prefix(scheme + 3);
  const std::size_t slash = server.find('/');
  if (slash != std::string_view::npos) out.rest = server.substr(slash);
  std::string_view authority = server.substr(0, slash);
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = authority.substr(0, colon);
  if (colon != std::string_view::npos) out.port = authority.substr(colon + 1);
  if (out.port.empty()) out.port = out.scheme == "http" ? "80" : "443";
  return out;
}

base::Code code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return base::Code::kTimeout;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return base::Code::kInvalidArgument;
    case CURLE_PEER_FAILED_VERIFICATION:
      return base::Code::kPermissionDenied;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return base::Code::kProtocol;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return base::Code::kInternal;
    default:
      return base::Code::kUnavailable;  // lost, refused, reset, GOAWAY, broken framing
  }
}

bool certainly_not_sent(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view HttpHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

CurlTransfer::CurlTransfer(RequestId id, HttpRequest request, std::shared_ptr<HttpSink> sink,
                           const Endpoint& endpoint, Clock::time_point& last_activity)
    : id_(id),
      request_(std::move(request)),
      sink_(std::move(sink)),
      last_activity_(last_activity),
      started_(Clock::now()),
      easy_(curl::library().easy_init()),
      error_buffer_(std::make_unique<char[]>(CURL_ERROR_SIZE)) {
  usable_ = easy_ != nullptr && configure(endpoint);
}

CurlTransfer::~CurlTransfer() {
  if (easy_ != nullptr) curl::library().easy_cleanup(easy_);
  for (curl_slist* line = headers_; line != nullptr; line = line->next) {
    OPENSSL_cleanse(line->data, std::strlen(line->data));
  }
  curl::library().slist_free_all(headers_);
  curl::library().slist_free_all(connect_to_);
}

bool CurlTransfer::configure(const Endpoint& endpoint) {
  CURL* easy = easy_;
  const long timeout_ms = static_cast<long>(request_.timeout.count());
  const long connect_ms = static_cast<long>(endpoint.connect_timeout.count());
  return set(easy, CURLOPT_PRIVATE, static_cast<void*>(this)) &&
         set(easy, CURLOPT_ERRORBUFFER, error_buffer_.get()) && set(easy, CURLOPT_NOSIGNAL, 1L) &&
         set(easy, CURLOPT_PROTOCOLS_STR, "http,https") && set(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
         set(easy, CURLOPT_PATH_AS_IS, 1L) && set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
         set(easy, CURLOPT_PIPEWAIT, 1L) && set(easy, CURLOPT_TIMEOUT_MS, timeout_ms) &&
         set(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) && set(easy, CURLOPT_TCP_KEEPALIVE, 1L) &&
         set(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds) &&
         set(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds) &&
         set(easy, CURLOPT_TCP_NODELAY, 1L) && set(easy, CURLOPT_BUFFERSIZE, kReceiveBufferBytes) &&
         set(easy, CURLOPT_SOCKOPTFUNCTION, on_socket) &&
         set(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header) &&
         set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this)) &&
         set(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body) &&
         set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this)) &&
         set(easy, CURLOPT_USERAGENT, endpoint.user_agent.c_str()) &&
         (endpoint.proxy_url.empty() || set(easy, CURLOPT_PROXY, endpoint.proxy_url.c_str())) &&
         (!request_.compressed || set(easy, CURLOPT_ACCEPT_ENCODING, "gzip")) &&
         configure_tls(endpoint) && configure_request(endpoint);
}

bool CurlTransfer::configure_tls(const Endpoint& endpoint) {
  CURL* easy = easy_;
  const bool tls = endpoint.server.rfind("https://", 0) == 0;
  const long version = tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
  if (!set(easy, CURLOPT_HTTP_VERSION, version)) return false;
  if (!tls) return true;
  const long verify_peer = endpoint.insecure_skip_tls_verify ? 0 : 1;
  const long verify_host = endpoint.insecure_skip_tls_verify ? 0 : 2;
  const auth::Identity& identity = *request_.identity;
  const std::string_view certificate = identity.client_certificate_pem.reveal();
  const std::string_view key = identity.client_key_pem.reveal();
  return set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
         set(easy, CURLOPT_SSL_VERIFYPEER, verify_peer) &&
         set(easy, CURLOPT_SSL_VERIFYHOST, verify_host) &&
         (identity.ca_pem.empty() || set_blob(easy, CURLOPT_CAINFO_BLOB, identity.ca_pem)) &&
         (certificate.empty() || (set_blob(easy, CURLOPT_SSLCERT_BLOB, certificate) &&
                                  set(easy, CURLOPT_SSLCERTTYPE, "PEM"))) &&
         (key.empty() ||
          (set_blob(easy, CURLOPT_SSLKEY_BLOB, key) && set(easy, CURLOPT_SSLKEYTYPE, "PEM")));
}

bool CurlTransfer::configure_request(const Endpoint& endpoint) {
  CURL* easy = easy_;
  std::string url = endpoint.server + request_.target;
  bool ok = true;
  if (!endpoint.tls_server_name.empty()) {
    // The only way to another SNI and certificate name: the URL names it, the connection goes to
    // the real address, and the Host header stays the real one.
    const HostPort real = split_server(endpoint.server);
    url = real.scheme + "://" + endpoint.tls_server_name + ":" + real.port + real.rest +
          request_.target;
    ok = append(connect_to_,
                endpoint.tls_server_name + ":" + real.port + ":" + real.host + ":" + real.port) &&
         append(headers_, "Host: " + real.host + ":" + real.port) &&
         set(easy, CURLOPT_CONNECT_TO, connect_to_);
  }
  for (const auto& [name, value] : request_.headers) {
    ok = ok && append(headers_, header_line(name, value));
  }
  for (const auto& [name, value] : request_.identity->impersonation_headers) {
    ok = ok && append(headers_, header_line(name, value));
  }
  if (!request_.identity->authorization.empty()) {
    std::string line = "Authorization: ";
    line += request_.identity->authorization.reveal();
    ok = ok && append(headers_, line);
    OPENSSL_cleanse(line.data(), line.size());
  }
  ok = ok && append(headers_, "Expect:");  // no 100-continue round trip
  return ok && set(easy, CURLOPT_URL, url.c_str()) && set_method() &&
         set(easy, CURLOPT_HTTPHEADER, headers_);
}

bool CurlTransfer::set_method() {
  CURL* easy = easy_;
  if (request_.method == "GET") return set(easy, CURLOPT_HTTPGET, 1L);
  return set(easy, CURLOPT_POST, 1L) &&
         set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size())) &&
         set(easy, CURLOPT_POSTFIELDS, request_.body.data()) &&
         set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlTransfer::resume() {
  curl::library().easy_pause(easy_, CURLPAUSE_CONT);
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<CurlTransfer*>(self)->take_header({data, size * count});
  return size * count;
}

void CurlTransfer::take_header(std::string_view line) {
  last_activity_ = Clock::now();
  line = base::trim(line);
  if (line.rfind("HTTP/", 0) == 0) {
    head_ = {};  // a new answer after a 1xx
    return;
  }
  if (line.empty()) return end_of_head();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || head_.headers.size() >= kMaxHeaders) return;
  head_.headers.emplace_back(base::to_lower(line.substr(0, colon)),
                             std::string(base::trim(line.substr(colon + 1))));
}

/// A stream's head matters before its first byte: it says that the stream is open.
void CurlTransfer::end_of_head() {
  long code = 0;
  curl::library().easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_RESPONSE_CODE, &code);
  if (code >= 200) deliver_head();
}

void CurlTransfer::deliver_head() {
  if (head_delivered_) return;
  long code = 0;
  curl::library().easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_RESPONSE_CODE, &code);
  head_.code = static_cast<int>(code);
  head_delivered_ = true;
  sink_->on_head(head_);
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  transfer->last_activity_ = Clock::now();
  transfer->deliver_head();
  switch (transfer->sink_->on_body({data, size * count})) {
    case Flow::kContinue:
      break;
    case Flow::kPause:
      curl::library().easy_pause(static_cast<CURL*>(transfer->easy_), CURLPAUSE_RECV);
      break;
    case Flow::kAbort:
      transfer->aborted_ = true;
      return 0;
  }
  return size * count;
}

void CurlTransfer::finish(int curl_code) {
  const auto code = static_cast<CURLcode>(curl_code);
  if (code == CURLE_OK) {
    if (sink_ == nullptr) return;
    deliver_head();
    const auto sink = std::exchange(sink_, nullptr);
    sink->on_end(nullptr, true);
    return;
  }
  if (aborted_) {
    finish(base::backend_error(base::Code::kCancelled, false, "ended by its reader"), true);
    return;
  }
  std::string text =
      error_buffer_[0] != '\0' ? error_buffer_.get() : curl::library().easy_strerror(code);
  base::Error error = base::backend_error(code_of(code), true, std::move(text));
  error.retryable = error.code == base::Code::kUnavailable || error.code == base::Code::kTimeout;
  long request_bytes = 0;  // of all requests that this handle put on a connection
  curl::library().easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_REQUEST_SIZE, &request_bytes);
  finish(error, request_bytes > 0 && !certainly_not_sent(code));
}

void CurlTransfer::finish(const base::Error& error, bool sent) {
  if (sink_ == nullptr) return;
  const auto sink = std::exchange(sink_, nullptr);
  sink->on_end(&error, sent);
}

}  // namespace tollgate::controller::kube::http
