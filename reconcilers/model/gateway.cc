#include "reconcilers/model/gateway.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dataplane/base/hash.h"

namespace tollgate::reconcilers::model {

bool operator==(const Infrastructure& a, const Infrastructure& b) {
  const bool same_resources =
      a.resources == b.resources || (a.resources && b.resources && *a.resources == *b.resources);
  return a.labels == b.labels && a.annotations == b.annotations &&
         a.service_annotations == b.service_annotations && a.service_account == b.service_account &&
         a.replicas == b.replicas && same_resources;
}

std::string object_name(const std::string& gateway_name) {
  constexpr std::size_t kMaxBytes = 63 - 4;  // room for "-NNN" that platforms append
  constexpr std::size_t kHashDigits = 10;
  const bool starts_well = gateway_name.front() >= 'a' && gateway_name.front() <= 'z';
  const bool plain = gateway_name.find('.') == std::string::npos;
  if (starts_well && plain && gateway_name.size() <= kMaxBytes) return gateway_name;
  std::string out = starts_well ? gateway_name : "gw-" + gateway_name;
  for (char& c : out) {
    if (c == '.') c = '-';
  }
  out.resize(std::min(out.size(), kMaxBytes - kHashDigits - 1));
  return out + "-" + dataplane::base::sha256_hex(gateway_name).substr(0, kHashDigits);
}

}  // namespace tollgate::reconcilers::model
