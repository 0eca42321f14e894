#include "reconcilers/programmed.h"

#include <algorithm>

#include "reconcilers/conditions.h"

namespace tollgate::reconcilers {

namespace {

constexpr std::size_t kNamedProxies = 3;

bool counts(const ProxyFact& proxy) {
  return proxy.ready && !proxy.silent;
}

}  // namespace

std::uint64_t acknowledged_by_all(const GatewayFacts& facts) {
  std::uint64_t least = 0;
  bool any = false;
  for (const ProxyFact& proxy : facts.proxies) {
    if (!counts(proxy)) continue;
    least = any ? std::min(least, proxy.acknowledged) : proxy.acknowledged;
    any = true;
  }
  return least;
}

bool awaited(const GatewayFacts& facts, std::uint64_t required) {
  return std::any_of(facts.proxies.begin(), facts.proxies.end(), [&](const ProxyFact& proxy) {
    return counts(proxy) && proxy.acknowledged < required;
  });
}

model::Condition programmed(const GatewayFacts& facts, std::uint64_t required, bool name_silent) {
  std::vector<std::string> lagging;
  std::vector<std::string> silent;
  std::size_t ready = 0;
  for (const ProxyFact& proxy : facts.proxies) {
    if (proxy.silent) silent.push_back(proxy.instance);
    if (!counts(proxy)) continue;
    ++ready;
    if (proxy.acknowledged < required) lagging.push_back(proxy.instance);
  }
  std::string note;
  if (name_silent && !silent.empty()) {
    note = " Not heard of and left out: " + join_names(silent, kNamedProxies) + ".";
  }
  if (ready == 0) {
    if (!facts.missing_pods.empty()) note = " " + facts.missing_pods + note;
    return no(kProgrammed, "Pending", "No proxy of Gateway " + facts.gateway + " is ready." + note);
  }
  if (!lagging.empty()) {
    return no(kProgrammed, "Pending",
              "Not yet acknowledged by " + join_names(lagging, kNamedProxies) + " of Gateway " +
                  facts.gateway + "." + note);
  }
  return yes(kProgrammed, "Programmed",
             "Every ready proxy of Gateway " + facts.gateway + " runs this generation." + note);
}

}  // namespace tollgate::reconcilers
