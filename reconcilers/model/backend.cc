#include "reconcilers/model/backend.h"

namespace tollgate::reconcilers::model {

std::string key_of(const UpstreamId& id) {
  std::string key = id.namespace_ + "/" + id.name;
  if (id.port != 0) key += "/" + std::to_string(id.port);
  return key;
}

std::string key_of(const SecretRef& ref) {
  return ref.namespace_ + "/" + ref.name + "/" + ref.field;
}

}  // namespace tollgate::reconcilers::model
