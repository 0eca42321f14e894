#include "controller/api/client.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/curl/curl.h"
#include "dataplane/net/address.h"

namespace tollgate::controller::api {

namespace base = dataplane::base;
using nlohmann::json;

namespace {

base::Error failed(const std::string& address, const std::string& why) {
  return base::backend_error(base::Code::kUnavailable, true,
                             "the read API at " + address + ": " + why);
}

std::size_t take(const char* data, std::size_t size, std::size_t count, void* out) {
  auto& text = *static_cast<std::string*>(out);
  if (text.size() + size * count > kMaxAnswerBytes) return 0;  // ends the transfer
  text.append(data, size * count);
  return size * count;
}

base::Result<std::string> get(const std::string& address, const char* path) {
  const curl::Library& curl = curl::library();
  const std::unique_ptr<CURL, decltype(curl.easy_cleanup)> easy(curl.easy_init(),
                                                                curl.easy_cleanup);
  if (easy == nullptr) return base::internal_error("libcurl cannot be used");
  const std::string url = "http://" + address + path;
  std::string text;
  curl.easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl.easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl.easy_setopt(easy.get(), CURLOPT_PROXY, "");  // whatever the environment says
  curl.easy_setopt(easy.get(), CURLOPT_TIMEOUT, static_cast<long>(kAskTimeout.count()));
  curl.easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT,
                   static_cast<long>(kAskConnectTimeout.count()));
  curl.easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &take);
  curl.easy_setopt(easy.get(), CURLOPT_WRITEDATA, &text);
  const CURLcode code = curl.easy_perform(easy.get());
  if (code != CURLE_OK) return failed(address, curl.easy_strerror(code));
  long status = 0;
  curl.easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 200) return text;
  const json said = json::parse(text, nullptr, false);
  const json::json_pointer message("/error/message");
  const bool explained =
      !said.is_discarded() && said.contains(message) && said[message].is_string();
  return failed(address, "it answers " + std::to_string(status) +
                             (explained ? ": " + said[message].get<std::string>() : ""));
}

}  // namespace

base::Result<std::vector<json>> ask_objects(const std::string& address) {
  if (!dataplane::net::parse_host_port(address)) {
    return base::config_error(base::Code::kInvalidArgument, "--api wants HOST:PORT");
  }
  TRY_ASSIGN(const std::string text, get(address, "/api/v1/objects"));
  const json list = json::parse(text, nullptr, false);
  if (!list.is_object() || !list.contains("items") || !list["items"].is_array()) {
    return failed(address, "what it answers is no list of objects");
  }
  std::vector<json> objects;
  for (const json& item : list["items"]) {
    if (!item.is_object()) return failed(address, "what it answers is no list of objects");
    objects.push_back(item);
  }
  return objects;
}

}  // namespace tollgate::controller::api
