#include "controller/tokens/http.h"

#include <curl/curl.h>

#include <memory>

namespace tollgate::controller::tokens {
namespace {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& text) {
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list.release());
  list.reset(longer);
}

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* body) {
  auto& out = *static_cast<std::string*>(body);
  const std::size_t length = size * count;
  if (out.size() + length > CurlHttp::kMaxAnswerBytes) return 0;
  out.append(bytes, length);
  return length;
}

/// libcurl asks several times a second.
int aborted(void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::atomic<bool>*>(flag)->load() ? 1 : 0;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0x0FU];
  }
}

/// Scheme, host and port of a URL: what may be named in errors.
std::string place_of(const std::string& url) {
  const std::size_t host = url.find("://");
  const std::size_t path = host == std::string::npos ? url.find('/') : url.find('/', host + 3);
  return url.substr(0, path);
}

}  // namespace

std::string form(const std::vector<std::pair<std::string, std::string_view>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    append_escaped(out, name);
    out += '=';
    append_escaped(out, value);
  }
  return out;
}

base::Result<Answer> CurlHttp::call(const Call& call) {
  const Easy easy(curl_easy_init());
  if (!easy) return base::internal_error("libcurl cannot be started");
  List headers;
  for (const auto& [name, value] : call.headers) append(headers, name + ": " + value);
  List resolve;
  for (const std::string& entry : surroundings_.resolve) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) {
      append(resolve, entry.substr(0, equals) + ":" + entry.substr(equals + 1));
    }
  }
  Answer answer;
  CURL* handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &aborted);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &aborted_);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, static_cast<long>(kTimeout.count()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_CONNECT_TO, resolve.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer.body);
  if (!surroundings_.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, surroundings_.ca_file.c_str());
  }
  curl_blob authority{};
  if (!surroundings_.ca_pem.empty()) {
    authority.data = surroundings_.ca_pem.data();
    authority.len = surroundings_.ca_pem.size();
    authority.flags = CURL_BLOB_NOCOPY;
    curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &authority);
  }
  if (!call.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) {
    return base::backend_error(base::Code::kUnavailable, true,
                               place_of(call.url) + ": " + curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace tollgate::controller::tokens
