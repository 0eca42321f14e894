#include "reconcilers/model/object_id.h"

namespace tollgate::reconcilers::model {

std::string path_of(const ObjectId& id) {
  return id.namespace_.empty() ? id.name : id.namespace_ + "/" + id.name;
}

std::string to_string(const ObjectId& id) {
  return id.kind + " " + path_of(id);
}

std::string key_of(const ObjectId& id) {
  return id.group + "/" + id.kind + "/" + path_of(id);
}

}  // namespace tollgate::reconcilers::model
