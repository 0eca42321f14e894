#include "controller/tokens/http.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "controller/curl/curl.h"
#include "dataplane/base/text.h"

namespace tollgate::controller::tokens {
namespace {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl::library().easy_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl::library().slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& text) {
  curl_slist* const head = curl::library().slist_append(list.get(), text.c_str());
  if (!list) list.reset(head);  // a list that has a head keeps it
}

struct Taken {
  std::string body;
  bool too_large = false;
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* to) {
  auto& taken = *static_cast<Taken*>(to);
  const std::size_t length = size * count;
  taken.too_large = taken.body.size() + length > CurlHttp::kMaxAnswerBytes;
  if (taken.too_large) return 0;
  taken.body.append(bytes, length);
  return length;
}

/// libcurl asks several times a second.
int aborted(void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::atomic<bool>*>(flag)->load() ? 1 : 0;
}

/// Scheme, host and port of a URL: what may be named in errors.
std::string place_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t start = scheme == std::string::npos ? 0 : scheme + 3;
  std::string authority = url.substr(start, url.find_first_of("/?#", start) - start);
  authority.erase(0, authority.rfind('@') + 1);  // a name and password
  return url.substr(0, start) + authority;
}

/// What libcurl takes instead of "HOST:PORT=ADDR:PORT": "HOST:PORT:ADDR:PORT", no host for "*".
std::string connect_to(const std::string& entry) {
  const std::size_t equals = entry.find('=');
  if (equals == std::string::npos) return "";
  const std::size_t start = entry.starts_with("*:") ? 1 : 0;
  return entry.substr(start, equals - start) + ":" + entry.substr(equals + 1);
}

List connections(const Surroundings& surroundings, const std::string& url) {
  List list;
  for (const std::string& entry : surroundings.resolve) append(list, connect_to(entry));
  const std::string& rest =
      url.starts_with("https:") ? surroundings.all_https : surroundings.all_http;
  if (!rest.empty()) append(list, "::" + rest);
  return list;
}

/// Puts the surroundings' authorities beside libcurl's own. OpenSSL's defaults heed SSL_CERT_FILE
/// and SSL_CERT_DIR, as the proxies do.
CURLcode add_trust(CURL*, void* context, void* from) {
  const auto& surroundings = *static_cast<const Surroundings*>(from);
  auto* tls = static_cast<SSL_CTX*>(context);
  if (!surroundings.alone) SSL_CTX_set_default_verify_paths(tls);
  X509_STORE* store = SSL_CTX_get_cert_store(tls);
  for (const std::string& pem : surroundings.ca_pems) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    while (X509* certificate =
               bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr) {
      X509_STORE_add_cert(store, certificate);  // counts its own reference
      X509_free(certificate);
    }
  }
  ERR_clear_error();  // the end of each text, and authorities that are there already
  return CURLE_OK;
}

bool set_trust(CURL* handle, Surroundings& surroundings) {
  if (surroundings.alone) {
    curl::library().easy_setopt(handle, CURLOPT_CAINFO, nullptr);
    curl::library().easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  return curl::library().easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, &add_trust) == CURLE_OK &&
         curl::library().easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &surroundings) == CURLE_OK;
}

}  // namespace

std::string form(const std::vector<std::pair<std::string, std::string_view>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    base::append_percent_encoded(out, name);
    out += '=';
    base::append_percent_encoded(out, value);
  }
  return out;
}

base::Result<Answer> CurlHttp::call(const Call& call) {
  const auto unavailable = [&call](const std::string& why) {
    return base::backend_error(base::Code::kUnavailable, true, place_of(call.url) + ": " + why);
  };
  if (aborted_) return unavailable("the program ends");
  const Easy easy(curl::library().easy_init());
  if (!easy) return base::internal_error("libcurl cannot be started");
  List headers;
  for (const auto& [name, value] : call.headers) {
    std::string line = name;
    line += ": ";
    line += value;
    append(headers, line);
  }
  const List elsewhere = connections(surroundings_, call.url);
  Taken taken;
  CURL* handle = easy.get();
  curl::library().easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl::library().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl::library().easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl::library().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl::library().easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl::library().easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &aborted);
  curl::library().easy_setopt(handle, CURLOPT_XFERINFODATA, &aborted_);
  curl::library().easy_setopt(handle, CURLOPT_TIMEOUT, static_cast<long>(kTimeout.count()));
  curl::library().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT,
                              static_cast<long>(kConnectTimeout.count()));
  curl::library().easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl::library().easy_setopt(handle, CURLOPT_CONNECT_TO, elsewhere.get());
  if (elsewhere) curl::library().easy_setopt(handle, CURLOPT_PROXY, "");
  curl::library().easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take);
  curl::library().easy_setopt(handle, CURLOPT_WRITEDATA, &taken);
  if (!set_trust(handle, surroundings_)) {
    return base::internal_error("libcurl's TLS takes no certificate authorities");
  }
  if (!call.body.empty()) {
    curl::library().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                                static_cast<curl_off_t>(call.body.size()));
    curl::library().easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
  std::array<char, CURL_ERROR_SIZE> detail{};
  curl::library().easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
  const CURLcode code = curl::library().easy_perform(handle);
  if (taken.too_large) {
    return unavailable("the answer is larger than " + std::to_string(kMaxAnswerBytes) + " bytes");
  }
  // Which certificate is wrong, and how; else the detail may hold more of the URL than its host.
  const bool certificate = code == CURLE_PEER_FAILED_VERIFICATION && detail[0] != '\0';
  if (certificate) return unavailable(detail.data());
  if (code != CURLE_OK) return unavailable(curl::library().easy_strerror(code));
  long status = 0;
  curl::library().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return Answer{static_cast<int>(status), std::move(taken.body)};
}

}  // namespace tollgate::controller::tokens
