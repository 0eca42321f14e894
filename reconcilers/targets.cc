#include "reconcilers/targets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconcilers/reconcile.h"
#include "reconcilers/refs.h"

namespace tollgate::reconcilers {

namespace {

std::string label_key(const std::string& place, const std::string& label,
                      const std::string& value) {
  return join(place, label + "=" + value);
}

void add_selected(const Context& x, const std::string& namespace_,
                  const std::vector<resources::TargetSelector>& selectors, Lookup& look,
                  std::vector<resources::TargetRef>& targets) {
  for (const resources::TargetSelector& selector : selectors) {
    if (selector.group != resources::kGatewayGroup) continue;
    std::string place = join(namespace_, selector.kind);
    // One label narrows the search down; all of them decide.
    const auto& labels = selector.labels.labels;
    if (!labels.empty()) place = label_key(place, labels.begin()->first, labels.begin()->second);
    for (const auto& entry : look.list(x.c.selectables_in, place)) {
      if (!resources::selects(selector.labels, entry.value->labels)) continue;
      resources::TargetRef target{selector.group, selector.kind, entry.value->id.name, {}};
      if (std::find(targets.begin(), targets.end(), target) != targets.end()) continue;
      targets.push_back(std::move(target));
    }
  }
}

template <typename Policy>
Policy with_selected(const Context& x, const Policy& object, Lookup& look) {
  Policy out = object;
  add_selected(x, object.meta.id.namespace_, object.selectors, look, out.targets);
  return out;
}

}  // namespace

std::vector<std::string> selector_keys_of(const Selectable& object) {
  const std::string place = join(object.id.namespace_, object.kind);
  std::vector<std::string> out{place};
  for (const auto& [label, value] : object.labels) out.push_back(label_key(place, label, value));
  return out;
}

void note_labels(const Context& x, const resources::Object& object, Output& out) {
  resources::Problems problems;  // the object's own reader tells them
  const resources::View root(*object.document, "", problems);
  const bool ai_route = object.kind == resources::Kind::kAiGatewayRoute;
  out.emit(x.c.selectables, model::key_of(object.id),
           Selectable{ai_route ? "HTTPRoute" : object.id.kind, object.id,
                      root["metadata"]["labels"].text_map()});
}

void select_client_targets(const Context& x, const resources::ClientTrafficPolicy& object,
                           Lookup& look, Output& out) {
  out.emit(x.c.client_policies, object.meta.path(), with_selected(x, object, look));
}

void select_traffic_targets(const Context& x, const resources::TrafficPolicy& object, Lookup& look,
                            Output& out) {
  out.emit(x.c.traffic_policies, object.meta.path(), with_selected(x, object, look));
}

}  // namespace tollgate::reconcilers
