#include "controller/curl/curl.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace tollgate::controller::curl {

namespace {

constexpr const char* kName = "libcurl.so.4";  // its ABI since 2006

[[noreturn]] void end_without(const char* why) {
  std::fprintf(stderr, "error while loading shared libraries: %s: %s\n", kName, why);
  std::_Exit(127);
}

template <typename Function>
void find(void* handle, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(handle, name));
  if (out == nullptr) end_without(name);
}

Library load() {
  void* const handle = dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) end_without(dlerror());
  decltype(&::curl_global_init) global_init = nullptr;
  find(handle, "curl_global_init", global_init);
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) end_without("it cannot be initialised");
  Library out{};
  find(handle, "curl_easy_init", out.easy_init);
  find(handle, "curl_easy_cleanup", out.easy_cleanup);
  find(handle, "curl_easy_setopt", out.easy_setopt);
  find(handle, "curl_easy_getinfo", out.easy_getinfo);
  find(handle, "curl_easy_perform", out.easy_perform);
  find(handle, "curl_easy_pause", out.easy_pause);
  find(handle, "curl_easy_strerror", out.easy_strerror);
  find(handle, "curl_multi_init", out.multi_init);
  find(handle, "curl_multi_cleanup", out.multi_cleanup);
  find(handle, "curl_multi_setopt", out.multi_setopt);
  find(handle, "curl_multi_add_handle", out.multi_add_handle);
  find(handle, "curl_multi_remove_handle", out.multi_remove_handle);
  find(handle, "curl_multi_info_read", out.multi_info_read);
  find(handle, "curl_multi_perform", out.multi_perform);
  find(handle, "curl_multi_poll", out.multi_poll);
  find(handle, "curl_multi_wakeup", out.multi_wakeup);
  find(handle, "curl_slist_append", out.slist_append);
  find(handle, "curl_slist_free_all", out.slist_free_all);
  return out;
}

}  // namespace

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

}  // namespace tollgate::controller::curl
