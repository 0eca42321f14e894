#include "controller/api/module.h"

#include <dlfcn.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace tollgate::controller::api {

namespace base = dataplane::base;

namespace {

base::Error unusable(const std::string& why) {
  return base::config_error(
      base::Code::kInvalidArgument,
      "--api: the read API's module " + std::string(rest::kModule) + " cannot be used: " + why);
}

std::string last_error() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

}  // namespace

base::Result<std::unique_ptr<rest::Service>> open_service(rest::Answer answer) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return unusable(error.message());
  const std::filesystem::path folder = program.parent_path();
  void* module = nullptr;
  std::string why = "it is neither beside the program nor in ../lib/tollgate";
  for (const auto& path : {folder / rest::kModule, folder / "../lib/tollgate" / rest::kModule}) {
    if (!std::filesystem::exists(path, error)) continue;
    module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) why = last_error();
    break;
  }
  if (module == nullptr) return unusable(why);
  auto* const open = reinterpret_cast<rest::Open*>(dlsym(module, rest::kSymbol));
  if (open == nullptr) return unusable(last_error());
  rest::Opened opened;
  open(TOLLGATE_VERSION, std::move(answer), opened);
  if (opened.service == nullptr) return unusable(opened.problem);
  return std::move(opened.service);
}

}  // namespace tollgate::controller::api
