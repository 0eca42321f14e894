#include "reconcilers/certificates.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "dataplane/base/hash.h"

namespace tollgate::reconcilers {

namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
constexpr char kDerSequence = 0x30;

bool is_certificate(std::string_view base64) {
  std::string packed;
  for (const char c : base64) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') packed.push_back(c);
  }
  const std::optional<std::string> der = dataplane::base::base64_decode(packed);
  return der && !der->empty() && der->front() == kDerSequence;
}

}  // namespace

bool is_pem_certificates(std::string_view text) {
  std::size_t count = 0;
  for (auto begin = text.find(kBegin); begin != std::string_view::npos;
       begin = text.find(kBegin, begin)) {
    begin += kBegin.size();
    const auto end = text.find(kEnd, begin);
    if (end == std::string_view::npos || !is_certificate(text.substr(begin, end - begin))) {
      return false;
    }
    ++count;
    begin = end;
  }
  return count > 0;
}

CaBundle gather_ca(derive::Lookup& look, const Collections& c,
                   const std::vector<resources::ObjectRef>& refs, const std::string& namespace_) {
  CaBundle bundle;
  for (const resources::ObjectRef& ref : refs) {
    if (!ref.group.empty() || ref.kind != "ConfigMap") {
      bundle.wrong_kind = true;
      bundle.faults.push_back("CA certificates are read from ConfigMaps, not from a " + ref.kind +
                              ".");
      continue;
    }
    const std::string path = namespace_ + "/" + ref.name;
    const resources::ConfigMap* map = look.get(c.config_maps, path);
    if (map == nullptr) {
      bundle.faults.push_back("ConfigMap " + path + " does not exist.");
      continue;
    }
    const auto found = map->data.find("ca.crt");
    if (found == map->data.end() || !is_pem_certificates(found->second)) {
      bundle.faults.push_back("ConfigMap " + path + " holds no PEM certificates under ca.crt.");
      continue;
    }
    bundle.pem.push_back(found->second);
    bundle.owners.push_back(map->meta.owner());
  }
  return bundle;
}

}  // namespace tollgate::reconcilers
