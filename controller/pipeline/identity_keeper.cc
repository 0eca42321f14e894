#include "controller/pipeline/identity_keeper.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"
#include "render/owned.h"

namespace tollgate::controller::pipeline {

namespace base = dataplane::base;
using nlohmann::json;

namespace {

constexpr const char* kFieldManager = "tollgate.dev/controller";

kube::ResourceType secret_type() {
  return {"", "v1", "Secret", "secrets", true};
}

push::Files files_of(const json* secret) {
  push::Files files;
  if (secret == nullptr || !secret->contains("data") || !(*secret)["data"].is_object()) {
    return files;
  }
  for (const auto& [name, value] : (*secret)["data"].items()) {
    if (!value.is_string()) continue;
    auto text = base::base64_decode(value.get_ref<const std::string&>());
    if (text) files[name] = base::Secret(std::move(*text));
  }
  return files;
}

json secret_of(const std::string& namespace_, const std::string& name, const push::Files& files) {
  json data = json::object();
  for (const auto& [file, content] : files) data[file] = base::base64_encode(content.reveal());
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"type", "Opaque"},
          {"metadata",
           {{"name", name},
            {"namespace", namespace_},
            {"labels", {{"app.kubernetes.io/managed-by", "tollgate"}}}}},
          {"data", std::move(data)}};
}

}  // namespace

IdentityKeeper::IdentityKeeper(kube::Api& api, kube::Executor& executor,
                               const kube::cache::Store& store, std::string own_namespace,
                               std::function<void()> on_authority)
    : api_(api),
      executor_(executor),
      store_(store),
      namespace_(std::move(own_namespace)),
      on_authority_(std::move(on_authority)),
      retry_(executor) {}

void IdentityKeeper::refresh() {
  const kube::JsonPtr secret = store_.find({"", "Secret", namespace_, kAuthoritySecret});
  push::Files current = files_of(secret.get());
  auto wanted = push::renew_authority(current, executor_.wall());
  if (!wanted) {
    base::log::error("push channel: no authority", {{"why", wanted.error().detail}});
    return;
  }
  if (push::same_files(*wanted, current)) {
    take(std::move(current));
  } else if (leader_ && !writing_ && !retry_.running()) {
    write(std::move(*wanted));
  }
}

void IdentityKeeper::write(push::Files files) {
  writing_ = true;
  const kube::ObjectRef ref{secret_type(), namespace_, kAuthoritySecret};
  kube::ApplyOptions options{kFieldManager, true};
  kube::Request request =
      kube::apply_request(ref, secret_of(namespace_, kAuthoritySecret, files), options);
  call_ = api_.call(std::move(request), executor_,
                    [this, files = std::move(files)](kube::ApiResult<kube::Response> result) {
                      writing_ = false;
                      for (const auto& callback : std::exchange(idle_, {})) callback();
                      if (!result) {
                        base::log::error("push channel: the authority cannot be stored",
                                         {{"why", result.error().error.detail}});
                        const auto delay =
                            std::max(backoff_.next(executor_.now()), result.error().retry_after);
                        retry_.start(delay, [this] { refresh(); });
                        return;
                      }
                      backoff_.reset();
                      take(files);
                    });
}

void IdentityKeeper::when_idle(std::function<void()> callback) {
  if (!writing_) return callback();
  idle_.push_back(std::move(callback));
}

void IdentityKeeper::take(push::Files files) {
  if (authority_ && push::same_files(*authority_, files)) return;
  authority_ = std::move(files);
  on_authority_();
}

kube::JsonPtr IdentityKeeper::gateway_secret(const GatewayRef& gateway) const {
  if (!authority_) return nullptr;
  const std::string name = render::identity_secret_name(gateway.name);
  const kube::JsonPtr secret = store_.find({"", "Secret", gateway.namespace_, name});
  auto files = push::renew_proxy_identity(files_of(secret.get()), *authority_, gateway.namespace_,
                                          gateway.name, executor_.wall());
  if (!files) {
    base::log::error(
        "push channel: no identity for a Gateway",
        {{"gateway", gateway.namespace_ + "/" + gateway.name}, {"why", files.error().detail}});
    return nullptr;
  }
  json object = secret_of(gateway.namespace_, name, *files);
  object["metadata"]["labels"][render::kOperatorLabel] = namespace_;
  object["metadata"]["ownerReferences"] =
      json::array({{{"apiVersion", "gateway.networking.k8s.io/v1"},
                    {"kind", "Gateway"},
                    {"name", gateway.name},
                    {"uid", gateway.uid},
                    {"controller", true},
                    {"blockOwnerDeletion", true}}});
  return std::make_shared<const json>(std::move(object));
}

}  // namespace tollgate::controller::pipeline
