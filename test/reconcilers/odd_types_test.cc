#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "controller/resolve/resolver.h"
#include "test/support/yaml/objects.h"

// Whatever stands where in an object: resolution neither throws nor crashes, and says the same when
// it is asked again.

namespace tollgate {
namespace {

using controller::resolve::ObjectChange;
using controller::resolve::Resolver;
using nlohmann::json;

std::vector<ObjectChange> everything() {
  std::vector<ObjectChange> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TOLLGATE_TESTDATA)) {
    const std::string path = entry.path().string();
    if (path.find(".out.yaml") != std::string::npos || !entry.is_regular_file()) continue;
    for (const auto& document : test::read_documents(path)) {
      if (!document->contains("test")) out.push_back({{}, document});
    }
  }
  return out;
}

/// All places below `node`, as JSON pointers.
void places(const json& node, const json::json_pointer& at, std::vector<json::json_pointer>& out) {
  if (!at.empty()) out.push_back(at);
  if (node.is_object()) {
    for (const auto& [name, member] : node.items()) places(member, at / name, out);
  } else if (node.is_array()) {
    for (std::size_t i = 0; i < node.size(); ++i) places(node[i], at / i, out);
  }
}

TEST(OddTypes, NeverThrow) {
  const json odd[] = {nullptr,
                      true,
                      -1,
                      1.5,
                      18'446'744'073'709'551'615U,
                      "",
                      "text",
                      json::array(),
                      json::array({1, "x", json::object()}),
                      json::object(),
                      {{"name", 7}, {"x", json::array()}}};
  const std::vector<ObjectChange> all = everything();
  ASSERT_GT(all.size(), 50U);
  Resolver resolver({});
  EXPECT_TRUE(resolver.apply(all));
  static_cast<void>(resolver.result());
  std::size_t tried = 0;
  for (const ObjectChange& original : all) {
    std::vector<json::json_pointer> at;
    places(*original.document, json::json_pointer(), at);
    for (const json::json_pointer& place : at) {
      for (const json& value : odd) {
        json changed = *original.document;
        changed[place] = value;
        const std::vector<ObjectChange> edit{
            {{}, std::make_shared<const json>(std::move(changed))}};
        static_cast<void>(resolver.apply(edit));
        ++tried;
      }
      static_cast<void>(resolver.result());
    }
    const std::vector<ObjectChange> back{original};
    ASSERT_TRUE(resolver.apply(back));
  }
  EXPECT_GT(tried, 10'000U);
  for (const auto& update : resolver.statuses()) EXPECT_FALSE(update.status->dump().empty());
}

}  // namespace
}  // namespace tollgate
