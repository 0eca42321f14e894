#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "controller/schema/registry.h"
#include "controller/yaml/yaml.h"

namespace tollgate::controller::schema {
namespace {

using nlohmann::json;

/// A definition of kind Thing whose spec has the given properties (flow YAML).
std::string definition(const std::string& properties, const std::string& more = "") {
  return R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing, shortNames: [th]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            properties: )" +
         properties + more + "\n";
}

struct Outcome {
  json spec;
  std::string errors;
  std::string warnings;
};

std::string list(const std::vector<Issue>& issues) {
  std::string out;
  for (const Issue& issue : issues) out += issue.path + ": " + issue.message + "\n";
  return out;
}

Outcome check(const std::string& properties, const std::string& spec,
              const std::string& more = "") {
  const std::string text = definition(properties, more);
  const std::string_view texts[] = {text};
  auto registry = Registry::from_yaml(texts);
  if (!registry) return {json(), registry.error().detail, ""};
  json object = *yaml::parse_yaml(
                     "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n"
                     "spec: " +
                     spec + "\n")
                     .documents.at(0)
                     .value;
  const Checked checked = registry->apply({"example.com", "v1", "Thing"}, object);
  return {object.value("spec", json()), list(checked.errors), list(checked.warnings)};
}

TEST(Schema, TypesAreChecked) {
  const std::string props =
      "{s: {type: string}, i: {type: integer}, num: {type: number}, b: {type: boolean},"
      " l: {type: array, items: {type: string}}, m: {type: object, additionalProperties:"
      " {type: integer}}, is: {x-kubernetes-int-or-string: true, anyOf: [{type: integer},"
      " {type: string}]}}";
  EXPECT_EQ(check(props, "{s: a, i: 1, num: 1.5, b: true, l: [a], m: {k: 1}, is: 5%}").errors, "");
  EXPECT_EQ(check(props, "{is: 5, num: 1, i: 2.0}").errors, "");
  EXPECT_EQ(check(props, "{s: 1}").errors, "spec.s: must be a string, got 1\n");
  EXPECT_EQ(check(props, "{s: yes}").errors, "spec.s: must be a string, got true\n");
  EXPECT_EQ(check(props, "{i: \"1\"}").errors, "spec.i: must be a whole number, got \"1\"\n");
  EXPECT_EQ(check(props, "{i: 1.5}").errors, "spec.i: must be a whole number, got 1.5\n");
  EXPECT_EQ(check(props, "{num: a}").errors, "spec.num: must be a number, got \"a\"\n");
  EXPECT_EQ(check(props, "{b: \"yes\"}").errors, "spec.b: must be true or false, got \"yes\"\n");
  EXPECT_EQ(check(props, "{l: [a, 1]}").errors, "spec.l[1]: must be a string, got 1\n");
  EXPECT_EQ(check(props, "{l: a}").errors, "spec.l: must be a list, got \"a\"\n");
  EXPECT_EQ(check(props, "{m: [1]}").errors, "spec.m: must be a map, got a list\n");
  EXPECT_EQ(check(props, "{m: {a.b/c: x}}").errors,
            "spec.m[a.b/c]: must be a whole number, got \"x\"\n");
  EXPECT_EQ(check(props, "{is: 1.5}").errors,
            "spec.is: must be a whole number or a string, got 1.5\n");
  EXPECT_EQ(check(props, "3").errors, "spec: must be a map, got 3\n");
}

TEST(Schema, BoundsAreChecked) {
  const std::string props =
      "{s: {type: string, minLength: 2, maxLength: 3, pattern: '^[a-z\u00e9]+$'},"
      " i: {type: integer, format: int32, minimum: 0, maximum: 10}, big: {type: integer, format:"
      " int32}, l: {type: array, minItems: 1, maxItems: 2, items: {type: integer}},"
      " m: {type: object, minProperties: 1, maxProperties: 1, additionalProperties: {type:"
      " string}}, e: {type: string, enum: [A, B]}, t: {type: string, format: date-time}}";
  EXPECT_EQ(check(props,
                  "{s: \"\u00e9\u00e9\u00e9\", i: 10, l: [1], m: {a: b}, e: B,"
                  " t: 2024-05-21T10:00:00.5+02:00}")
                .errors,
            "");
  EXPECT_EQ(check(props, "{s: a}").errors, "spec.s: must have at least 2 characters, got 1\n");
  EXPECT_EQ(check(props, "{s: abcd}").errors, "spec.s: must have at most 3 characters, got 4\n");
  EXPECT_EQ(check(props, "{s: A1}").errors, "spec.s: must match ^[a-z\u00e9]+$, got \"A1\"\n");
  EXPECT_EQ(check(props, "{i: -1}").errors, "spec.i: must be greater than or equal to 0, got -1\n");
  EXPECT_EQ(check(props, "{i: 11}").errors, "spec.i: must be less than or equal to 10, got 11\n");
  EXPECT_EQ(check(props, "{big: 2147483648}").errors,
            "spec.big: does not fit into 32 bits, got 2147483648\n");
  EXPECT_EQ(check(props, "{l: []}").errors, "spec.l: must have at least 1 item, got 0\n");
  EXPECT_EQ(check(props, "{l: [1, 2, 3]}").errors, "spec.l: must have at most 2 items, got 3\n");
  EXPECT_EQ(check(props, "{m: {a: b, c: d}}").errors, "spec.m: must have at most 1 field, got 2\n");
  EXPECT_EQ(check(props, "{e: C}").errors, "spec.e: must be one of \"A\", \"B\", got \"C\"\n");
  for (const char* bad : {"2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01",
                          "2024-01-01T00:00:00", "2024-01-01T24:00:00Z", "now"}) {
    EXPECT_EQ(check(props, std::string("{t: \"") + bad + "\"}").errors,
              std::string("spec.t: must be a date and time such as 2024-05-21T10:00:00Z, got \"") +
                  bad + "\"\n");
  }
}

TEST(Schema, LongValuesAreCutInMessages) {
  const Outcome outcome = check("{i: {type: integer}}", "{i: " + std::string(500, 'x') + "}");
  EXPECT_LT(outcome.errors.size(), 200u);
}

TEST(Schema, RequiredFieldsAreNamed) {
  const std::string props =
      "{rules: {type: array, items: {type: object, required: [name, port], properties: {name:"
      " {type: string}, port: {type: integer, default: 80}}}}}";
  EXPECT_EQ(check(props, "{rules: [{name: a}, {}]}").errors, "spec.rules[1].name: is required\n");
}

TEST(Schema, UnknownFieldsAreDroppedWithAWarning) {
  const std::string props =
      "{rules: {type: array, items: {type: object, properties: {name: {type: string}}}},"
      " open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known:"
      " {type: object, properties: {a: {type: string}}}}}, any: "
      "{x-kubernetes-preserve-unknown-fields:"
      " true}}";
  const Outcome outcome =
      check(props,
            "{rules: [{name: a, foo: {x: 1}}], open: {other: 1, known: {b: 1}}, any: [1], bar: 2}");
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(outcome.warnings,
            "spec.bar: unknown field is ignored\n"
            "spec.open.known.b: unknown field is ignored\n"
            "spec.rules[0].foo: unknown field is ignored\n");
  EXPECT_EQ(outcome.spec.dump(),
            R"({"any":[1],"open":{"known":{},"other":1},"rules":[{"name":"a"}]})");
}

TEST(Schema, DefaultsAreFilledAtEveryDepth) {
  const std::string props =
      "{a: {type: object, default: {}, properties: {b: {type: string, default: x}, c: {type: "
      "object,"
      " default: {d: 1}, properties: {d: {type: integer}, e: {type: integer, default: 2}}}}},"
      " l: {type: array, items: {type: object, properties: {w: {type: integer, default: 1}}}},"
      " m: {type: object, additionalProperties: {type: object, properties: {z: {type: boolean,"
      " default: false}}}}, absent: {type: object, properties: {q: {type: string, default: q}}}}";
  const Outcome outcome = check(props, "{l: [{}, {w: 0}], m: {k: {}}}");
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(outcome.spec.dump(),
            R"({"a":{"b":"x","c":{"d":1,"e":2}},"l":[{"w":1},{"w":0}],"m":{"k":{"z":false}}})");
}

TEST(Schema, NullCountsAsAbsentUnlessAllowed) {
  const std::string props =
      "{d: {type: string, default: x}, num: {type: string}, ok: {type: string, nullable: true},"
      " m: {type: object, additionalProperties: {type: string}}, l: {type: array, items: {type:"
      " string}}}";
  const Outcome outcome = check(props, "{d: ~, num: ~, ok: ~, m: {a: ~, b: c}}");
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(outcome.spec.dump(), R"({"d":"x","m":{"b":"c"},"ok":null})");
  EXPECT_EQ(check(props, "{l: [~]}").errors, "spec.l[0]: must be a string, got null\n");
}

TEST(Schema, KeysOfMapListsAndItemsOfSetsAreUnique) {
  const std::string props =
      "{m: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [port, proto],"
      " items: {type: object, required: [port], properties: {port: {type: integer}, proto: {type:"
      " string, default: TCP}}}}, s: {type: array, x-kubernetes-list-type: set, items: {type:"
      " string}}, a: {type: array, x-kubernetes-list-type: atomic, items: {type: string}}}";
  EXPECT_EQ(check(props, "{m: [{port: 1}, {port: 1, proto: UDP}], s: [a, b], a: [x, x]}").errors,
            "");
  EXPECT_EQ(check(props, "{m: [{port: 1}, {port: 2}, {port: 1, proto: TCP}]}").errors,
            "spec.m[2]: repeats an item with port=1, proto=\"TCP\"\n");
  EXPECT_EQ(check(props, "{s: [a, b, a]}").errors, "spec.s[2]: is given twice, got \"a\"\n");
}

TEST(Schema, IssuesAreBounded) {
  std::string spec = "{l: [";
  for (int i = 0; i < 500; ++i) spec += "1, ";
  const Outcome outcome = check("{l: {type: array, items: {type: string}}}", spec + "1]}");
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 51);
  EXPECT_NE(outcome.errors.find("there are more"), std::string::npos);
}

TEST(Schema, UnsupportedKeywordsAreRefused) {
  EXPECT_EQ(check("{a: {type: string, oneOf: []}}", "{}").errors,
            "schema properties.spec.properties.a: keyword oneOf is not supported");
  EXPECT_NE(check("{a: {type: string, format: uri}}", "{}").errors, "");
  EXPECT_NE(check("{a: {type: strin}}", "{}").errors, "");
  EXPECT_NE(check("{a: {type: string, pattern: '('}}", "{}").errors, "");
  EXPECT_NE(check("{a: {type: string, minLength: -1}}", "{}").errors, "");
  EXPECT_NE(check("{a: {anyOf: [{type: string}]}}", "{}").errors, "");
  EXPECT_NE(check("[a]", "{}").errors, "");
}

}  // namespace
}  // namespace tollgate::controller::schema
