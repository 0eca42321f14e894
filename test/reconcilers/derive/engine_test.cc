#include "reconcilers/derive/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace tollgate::reconcilers::derive {
namespace {

struct Item {
  std::string team;
  int size = 0;
  friend bool operator==(const Item&, const Item&) = default;
};

struct Text {
  std::string text;
  friend bool operator==(const Text&, const Text&) = default;
};

std::uint64_t runs_of(const Engine& engine, const std::string& name) {
  const auto& counts = engine.stats().by_function;
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

/// People in teams; each person's line reads a greeting by key.
struct People {
  Engine engine;
  Collection<Item> people = engine.collection<Item>("people");
  Collection<Text> greetings = engine.collection<Text>("greetings");
  Index<Item> by_team =
      engine.index(people, [](const Key&, const Item& item, std::vector<Key>& keys) {
        if (!item.team.empty()) keys.push_back(item.team);
      });
  Collection<Text> teams = engine.collection<Text>("teams");
  Collection<Text> out = engine.collection<Text>("out");
};

TEST(Engine, RunsAgainOnlyWhatReadTheChange) {
  People p;
  p.engine.derive(
      "line", p.people,
      [&p](const Key& key, const Item& item, Lookup& look, Output& out) {
        const Text* greeting = look.get(p.greetings, item.team);
        out.emit(p.out, key, {(greeting ? greeting->text : "hi") + " " + key});
      },
      p.out);
  p.engine.put(p.people, "ann", {"red", 1});
  p.engine.put(p.people, "bob", {"blue", 1});
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "ann")->text, "hi ann");
  p.engine.reset_stats();

  p.engine.put(p.greetings, "red", {"hello"});  // ann read its absence
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "ann")->text, "hello ann");
  EXPECT_EQ(p.engine.stats().runs, 1U);

  p.engine.put(p.greetings, "green", {"hey"});  // nobody read that
  p.engine.propagate();
  EXPECT_EQ(p.engine.stats().runs, 1U);
  p.engine.erase(p.greetings, "red");
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "ann")->text, "hi ann");
}

TEST(Engine, AnEqualOutputStopsThere) {
  People p;
  p.engine.derive(
      "narrow", p.people,
      [&p](const Key& key, const Item& item, Lookup&, Output& out) {
        out.emit(p.teams, key, {item.team});
      },
      p.teams);
  p.engine.derive(
      "wide", p.teams,
      [&p](const Key& key, const Text& team, Lookup&, Output& out) {
        out.emit(p.out, key, {"team " + team.text});
      },
      p.out);
  p.engine.put(p.people, "ann", {"red", 1});
  p.engine.propagate();
  p.engine.reset_stats();
  p.engine.put(p.people, "ann", {"red", 2});
  p.engine.propagate();
  EXPECT_EQ(runs_of(p.engine, "narrow"), 1U);
  EXPECT_EQ(runs_of(p.engine, "wide"), 0U);
  p.engine.put(p.people, "ann", {"red", 2});  // no change at all
  p.engine.propagate();
  EXPECT_EQ(p.engine.stats().runs, 1U);
}

struct BucketCase {
  const char* name;
  std::function<std::string(Lookup&, const People&)> read;
  std::string first, later;
  // Whether these wake the reader: a member's value, a new last member, a new first member.
  bool value, last, front;
};

class Buckets : public testing::TestWithParam<BucketCase> {};

TEST_P(Buckets, WakeTheirReaderForWhatItSees) {
  People p;
  p.engine.derive(
      "team", p.greetings,
      [&p](const Key& key, const Text&, Lookup& look, Output& out) {
        out.emit(p.out, key, {GetParam().read(look, p)});
      },
      p.out);
  p.engine.put(p.greetings, "red", {"x"});
  p.engine.put(p.people, "bob", {"red", 1});
  p.engine.put(p.people, "dan", {"red", 1});
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "red")->text, GetParam().first);
  const auto woke = [&p](const Key& key, const Item& item) {
    p.engine.reset_stats();
    p.engine.put(p.people, key, Item(item));
    p.engine.propagate();
    return runs_of(p.engine, "team") == 1;
  };
  EXPECT_EQ(woke("dan", {"red", 2}), GetParam().value);
  EXPECT_EQ(woke("eve", {"red", 1}), GetParam().last);
  EXPECT_EQ(woke("ann", {"red", 1}), GetParam().front);
  EXPECT_FALSE(woke("zoe", {"blue", 1}));
  EXPECT_EQ(p.engine.find(p.out, "red")->text, GetParam().later);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Buckets,
    testing::Values(BucketCase{"list",
                               [](Lookup& look, const People& p) {
                                 std::string text;
                                 for (const auto& e : look.list(p.by_team, "red")) {
                                   text += *e.key + std::to_string(e.value->size);
                                 }
                                 return text;
                               },
                               "bob1dan1", "ann1bob1dan2eve1", true, true, true},
                    BucketCase{"count",
                               [](Lookup& look, const People& p) {
                                 return std::to_string(look.count(p.by_team, "red"));
                               },
                               "2", "4", false, true, true},
                    BucketCase{"first",
                               [](Lookup& look, const People& p) {
                                 const auto e = look.first(p.by_team, "red");
                                 return e.key ? *e.key : std::string("nobody");
                               },
                               "bob", "ann", false, false, true}),
    [](const auto& test_info) { return test_info.param.name; });

TEST(Engine, AnItemLivesUntilItsLastProducerWithdraws) {
  People p;
  p.engine.derive(
      "use", p.people,
      [&p](const Key& key, const Item& item, Lookup&, Output& out) {
        out.emit(p.out, item.team, {"used by " + key});
      },
      p.out);
  p.engine.put(p.people, "bob", {"red", 1});
  p.engine.put(p.people, "ann", {"red", 1});
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "red")->text, "used by ann");  // the smallest, not the first
  p.engine.erase(p.people, "ann");
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "red")->text, "used by bob");
  p.engine.put(p.people, "bob", {"blue", 1});
  p.engine.propagate();
  EXPECT_EQ(p.engine.find(p.out, "red"), nullptr);
  EXPECT_EQ(p.engine.find(p.out, "blue")->text, "used by bob");
}

TEST(Engine, ReportsWhatChangedOnceAndSorted) {
  People p;
  p.engine.derive(
      "copy", p.people,
      [&p](const Key& key, const Item& item, Lookup&, Output& out) {
        out.emit(p.out, key, {item.team});
      },
      p.out);
  p.engine.track_changes(p.out);
  p.engine.put(p.people, "b", {"x", 1});
  p.engine.put(p.people, "a", {"x", 1});
  p.engine.propagate();
  EXPECT_EQ(p.engine.take_changes(p.out), (std::vector<Key>{"a", "b"}));
  EXPECT_TRUE(p.engine.take_changes(p.out).empty());
  p.engine.put(p.people, "b", {"x", 2});
  p.engine.erase(p.people, "a");
  p.engine.propagate();
  EXPECT_EQ(p.engine.take_changes(p.out), (std::vector<Key>{"a"}));
}

/// Three layers with every kind of read, negative ones included.
struct Layers {
  People p;
  Collection<Text> last = p.engine.collection<Text>("last");
  Layers() {
    People& q = p;
    q.engine.derive(
        "teams", q.people,
        [&q](const Key& key, const Item& item, Lookup& look, Output& out) {
          const Text* greeting = look.get(q.greetings, item.team);
          out.emit(q.teams, item.team, {greeting ? greeting->text : "none of " + key});
          if (item.size % 3 == 0) out.emit(q.teams, "big", {key});
        },
        q.teams);
    q.engine.derive(
        "out", q.teams,
        [&q](const Key& key, const Text& team, Lookup& look, Output& out) {
          std::string text = team.text + ":" + std::to_string(look.count(q.by_team, key));
          const auto first = look.first(q.by_team, key);
          if (first.key) text += "<" + *first.key + std::to_string(first.value->size);
          out.emit(q.out, key, {text});
        },
        q.out);
    q.engine.derive(
        "last", q.greetings,
        [&q, last = last](const Key& key, const Text&, Lookup& look, Output& out) {
          std::string text;
          for (const auto& e : look.list(q.by_team, key)) text += *e.key;
          const Text* other = look.get(q.out, "big");
          out.emit(last, key, {text + (other ? other->text : "-")});
        },
        last);
  }
  std::string dump() {
    std::string text;
    const auto add = [&text](const Key& key, const Text& value) {
      text += key + "=" + value.text + "\n";
    };
    p.engine.each(p.teams, add);
    p.engine.each(p.out, add);
    p.engine.each(last, add);
    return text;
  }
};

TEST(Engine, RandomEditsEndWhereABuildFromNothingDoes) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](unsigned count) { return static_cast<unsigned>(random() % count); };
    std::map<Key, Item> people;
    std::map<Key, Text> greetings;
    Layers live;
    for (int step = 0; step < 150; ++step) {
      for (unsigned edits = 1 + pick(3); edits > 0; --edits) {
        const Key person = "p" + std::to_string(pick(9));
        const Key team = "t" + std::to_string(pick(4));
        switch (pick(4)) {
          case 0:
            people.erase(person);
            live.p.engine.erase(live.p.people, person);
            break;
          case 1:
            greetings.erase(team);
            live.p.engine.erase(live.p.greetings, team);
            break;
          case 2:
            greetings[team] = {"g" + std::to_string(pick(3))};
            live.p.engine.put(live.p.greetings, team, Text(greetings[team]));
            break;
          default:
            people[person] = {team, static_cast<int>(pick(5))};
            live.p.engine.put(live.p.people, person, Item(people[person]));
        }
      }
      live.p.engine.propagate();
      Layers fresh;
      for (const auto& [key, item] : people) fresh.p.engine.put(fresh.p.people, key, Item(item));
      for (const auto& [key, text] : greetings) {
        fresh.p.engine.put(fresh.p.greetings, key, Text(text));
      }
      fresh.p.engine.propagate();
      ASSERT_EQ(live.dump(), fresh.dump()) << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace tollgate::reconcilers::derive
