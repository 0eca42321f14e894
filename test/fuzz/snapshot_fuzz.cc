#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/router/builder.h"
#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/compiler.h"

namespace {

using namespace tollgate::dataplane;

/// What decodes must encode to something that decodes to the same again.
void round_trip(std::string_view kind, std::string_view body) {
  const auto first = snapshot::decode(kind, body);
  if (!first) return;
  const std::string text = snapshot::encode(*first);
  const auto second = snapshot::decode(kind, text);
  if (!second || snapshot::encode(*second) != text) std::abort();
}

void lines(std::string_view text) {
  const auto set = snapshot::decode_lines(text);
  if (!set) return;
  if (snapshot::encode_lines(*set, snapshot::Secrets::kReveal) != text) std::abort();
}

/// Lines of "key body" as one update of a compiler: taken whole or refused whole, never half.
void compile(std::string_view text) {
  snapshot::ResourceSet wanted;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    wanted.put(snapshot::make_resource(std::string(line.substr(0, space)),
                                       std::string(line.substr(space + 1))));
  }
  snapshot::Compiler compiler;
  router::Builder builder;
  const auto outcome = compiler.apply(snapshot::diff({}, wanted));
  if (!outcome.update) {
    if (outcome.refusals.empty() || !compiler.resources().all().empty()) std::abort();
    return;
  }
  const auto router = builder.update(*outcome.update);
  base::Arena arena;
  http::FieldList fields(arena);
  router::RequestView view;
  view.host = "a.example.com";
  view.method = "GET";
  view.path = "/a/b";
  view.query = "a=1";
  view.fields = &fields;
  view.ai_endpoint = true;
  view.arena = &arena;
  for (const std::uint16_t port : router->ports()) {
    if (const auto* table = router->find_listener(port, view.host)) (void)table->find(view);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view in(reinterpret_cast<const char*>(data), size);
  const char mode = in.front();
  in.remove_prefix(1);
  if (mode == 'l') {
    lines(in);
  } else if (mode == 'c') {
    compile(in);
  } else {
    const std::size_t space = std::min(in.find(' '), in.size());
    round_trip(in.substr(0, space), in.substr(std::min(in.size(), space + 1)));
  }
  return 0;
}
