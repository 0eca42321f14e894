#include "reconcilers/model/gateway.h"

#include <nlohmann/json.hpp>

namespace tollgate::reconcilers::model {

bool operator==(const Infrastructure& a, const Infrastructure& b) {
  const bool same_resources =
      a.resources == b.resources || (a.resources && b.resources && *a.resources == *b.resources);
  return a.labels == b.labels && a.annotations == b.annotations &&
         a.service_annotations == b.service_annotations && a.service_account == b.service_account &&
         a.replicas == b.replicas && same_resources;
}

}  // namespace tollgate::reconcilers::model
