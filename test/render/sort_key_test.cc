#include "render/sort_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tollgate::render {
namespace {

using model::Match;
using model::MatchType;

struct Candidate {
  model::Route route;
  Match match;
  std::size_t rule = 0;
  std::size_t index = 0;
};

Candidate candidate(MatchType type, std::string path) {
  Candidate out;
  out.route.owner.id = {"g", "HTTPRoute", "ns", "b"};
  out.route.age = {100, "ns", "b"};
  out.match.path_type = type;
  out.match.path = std::move(path);
  return out;
}

std::string key(const Candidate& c) {
  return sort_key(c.route, c.match, c.rule, c.index);
}

TEST(SortKey, OrdersByTheGatewayApi) {
  std::vector<Candidate> order;  // best first, each differs from the next in what decides
  order.push_back(candidate(MatchType::kExact, "/a"));
  order.push_back(candidate(MatchType::kRegex, "/long.*"));
  order.push_back(candidate(MatchType::kRegex, "/a.*"));
  order.push_back(candidate(MatchType::kPrefix, "/a/longer"));
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().match.method = "GET";
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().match.headers.resize(2);
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().match.headers.resize(1);
  order.back().match.query.resize(1);
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().match.headers.resize(1);
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().match.query.resize(1);
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().route.age.created_unix_s = 99;
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().route.age.name = "a";
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().route.age.name = "a-b";
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().index = 1;
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().rule = 1;
  order.push_back(candidate(MatchType::kPrefix, "/a"));
  order.back().rule = 10;
  order.push_back(candidate(MatchType::kPrefix, "/"));
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    EXPECT_LT(key(order[i]), key(order[i + 1])) << i;
  }
}

TEST(SortKey, KindsOfOneNameDoNotMeet) {
  Candidate a = candidate(MatchType::kPrefix, "/");
  Candidate b = a;
  b.route.owner.id.kind = "AIGatewayRoute";
  EXPECT_NE(key(a), key(b));
}

}  // namespace
}  // namespace tollgate::render
