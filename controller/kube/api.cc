#include "controller/kube/api.h"

#include <nlohmann/json.hpp>

namespace tollgate::controller::kube {

namespace {

// Invalid UTF-8 inside a document of ours must not become an exception.
std::string dump(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

const char* to_string(Verb verb) {
  switch (verb) {
    case Verb::kGet:
      return "get";
    case Verb::kList:
      return "list";
    case Verb::kWatch:
      return "watch";
    case Verb::kCreate:
      return "create";
    case Verb::kUpdate:
      return "update";
    case Verb::kPatch:
      return "patch";
    case Verb::kDelete:
      return "delete";
  }
  return "get";
}

bool ApiError::permanent() const {
  return http_code == 400 || http_code == 405 || http_code == 406 || http_code == 413 ||
         http_code == 415 || http_code == 422;
}

Call::Call(Call&& other) noexcept : live_(std::move(other.live_)), abort_(std::move(other.abort_)) {
  other.abort_ = nullptr;
}

Call& Call::operator=(Call&& other) noexcept {
  if (this != &other) {
    cancel();
    live_ = std::move(other.live_);
    abort_ = std::move(other.abort_);
    other.abort_ = nullptr;
  }
  return *this;
}

void Call::cancel() {
  if (live_ != nullptr && live_->exchange(false) && abort_) abort_();
  detach();
}

void Call::detach() {
  live_.reset();
  abort_ = nullptr;
}

Request get_request(const ObjectRef& ref, std::string_view subresource) {
  Request request;
  request.verb = Verb::kGet;
  request.path = object_path(ref, subresource);
  return request;
}

Request create_request(const ResourceType& type, const nlohmann::json& object,
                       std::string_view field_manager) {
  Request request;
  request.verb = Verb::kCreate;
  request.path = collection_path(type, metadata_string(object, "namespace"));
  request.query = {{"fieldManager", std::string(field_manager)}};
  request.body = dump(object);
  return request;
}

Request update_request(const ObjectRef& ref, const nlohmann::json& object,
                       std::string_view field_manager, std::string_view subresource) {
  Request request;
  request.verb = Verb::kUpdate;
  request.path = object_path(ref, subresource);
  request.query = {{"fieldManager", std::string(field_manager)}};
  request.body = dump(object);
  return request;
}

Request merge_patch_request(const ObjectRef& ref, const nlohmann::json& patch,
                            std::string_view field_manager, std::string_view subresource) {
  Request request;
  request.verb = Verb::kPatch;
  request.path = object_path(ref, subresource);
  request.query = {{"fieldManager", std::string(field_manager)}};
  request.content_type = "application/merge-patch+json";
  request.body = dump(patch);
  return request;
}

Request apply_request(const ObjectRef& ref, const nlohmann::json& object,
                      const ApplyOptions& options, std::string_view subresource) {
  Request request;
  request.verb = Verb::kPatch;
  request.path = object_path(ref, subresource);
  request.query = {{"fieldManager", options.field_manager},
                   {"force", options.force ? "true" : "false"}};
  request.content_type = "application/apply-patch+yaml";
  request.body = dump(object);
  return request;
}

Request delete_request(const ObjectRef& ref, std::string_view uid) {
  Request request;
  request.verb = Verb::kDelete;
  request.path = object_path(ref);
  nlohmann::json options = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!uid.empty()) options["preconditions"] = {{"uid", std::string(uid)}};
  request.body = dump(options);
  return request;
}

}  // namespace tollgate::controller::kube
