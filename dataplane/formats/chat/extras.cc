#include "dataplane/formats/chat/extras.h"

#include <algorithm>
#include <array>

namespace tollgate::dataplane::formats::chat {
namespace {

bool below(std::string_view key, std::string_view name) {
  return key.size() > name.size() + 1 && key.starts_with(name) && key[name.size()] == '.';
}

constexpr std::array<std::string_view, 6> kNothing{"null", "false", "[]", "{}", R"("")", ""};
constexpr std::array<Extra, 3> kDefaults{{
    {"best_of", "1"},
    {"modalities", R"(["text"])"},
    {"truncation", R"("disabled")"},
}};

}  // namespace

void write_extras(json::Writer& w, const Extras& extras,
                  std::initializer_list<std::string_view> nested) {
  for (const Extra& extra : extras) {
    const bool elsewhere =
        std::any_of(nested.begin(), nested.end(),
                    [&extra](std::string_view name) { return below(extra.key, name); });
    if (!elsewhere) w.raw_member(extra.key, extra.raw);
  }
}

void write_extras(json::Writer& w, const OwnedExtras& extras) {
  for (const OwnedExtra& extra : extras) w.raw_member(extra.key, extra.raw);
}

void write_nested_extras(json::Writer& w, const Extras& extras, std::string_view name) {
  for (const Extra& extra : extras) {
    if (below(extra.key, name)) w.raw_member(extra.key.substr(name.size() + 1), extra.raw);
  }
}

bool has_nested_extras(const Extras& extras, std::string_view name) {
  return std::any_of(extras.begin(), extras.end(),
                     [name](const Extra& extra) { return below(extra.key, name); });
}

bool asks_nothing(const Extra& extra) {
  return std::find(kNothing.begin(), kNothing.end(), extra.raw) != kNothing.end() ||
         std::any_of(kDefaults.begin(), kDefaults.end(), [&extra](const Extra& usual) {
           return usual.key == extra.key && usual.raw == extra.raw;
         });
}

void keep_extra(OwnedExtras& extras, std::string_view key, std::string_view raw) {
  const auto same = std::find_if(extras.begin(), extras.end(),
                                 [key](const OwnedExtra& extra) { return extra.key == key; });
  if (same != extras.end()) {
    same->raw = raw;
  } else {
    extras.push_back({std::string(key), std::string(raw)});
  }
}

Extras views_of(const OwnedExtras& extras) {
  Extras views;
  views.reserve(extras.size());
  for (const OwnedExtra& extra : extras) views.push_back({extra.key, extra.raw});
  return views;
}

const Extra* find_extra(const Extras& extras, std::string_view key) {
  const auto found = std::find_if(extras.begin(), extras.end(),
                                  [key](const Extra& extra) { return extra.key == key; });
  return found == extras.end() ? nullptr : &*found;
}

}  // namespace tollgate::dataplane::formats::chat
