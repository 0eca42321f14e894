#include "reconcilers/model/route.h"

namespace tollgate::reconcilers::model {

std::string key_of(const BackendId& id) {
  std::string key = id.kind + "/" + id.namespace_ + "/" + id.name;
  if (id.port != 0) key += "/" + std::to_string(id.port);
  return key;
}

}  // namespace tollgate::reconcilers::model
