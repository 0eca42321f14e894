#include "dataplane/formats/gemini/members.h"

#include <algorithm>
#include <string>

namespace tollgate::dataplane::formats::gemini {
namespace {

/// `key` in lowerCamelCase, in `room` if it has to be changed. Names that are no identifiers of
/// Google's (too long, odd underscores) stay as they are.
template <std::size_t N>
std::string_view camel(std::string_view key, std::array<char, N>& room) {
  if (key.find('_') == std::string_view::npos || key.size() > N) return key;
  if (key.front() == '_' || key.back() == '_') return key;
  std::size_t size = 0;
  bool raise = false;
  for (const char c : key) {
    if (c == '_') {
      if (raise) return key;
      raise = true;
      continue;
    }
    const bool lower = c >= 'a' && c <= 'z';
    room[size++] = raise && lower ? static_cast<char>(c - 'a' + 'A') : c;
    raise = false;
  }
  return {room.data(), size};
}

bool is_base64_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '-' || c == '_';
}

}  // namespace

base::Result<Fields> Fields::of(const json::Value& object, std::string_view where) {
  const auto members = object.members();
  if (!members) return chat::bad_request(where, "must be an object");
  return Fields(*members);
}

bool Fields::next() {
  while (members_.next()) {
    if (members_.value().is_null()) continue;
    name_ = camel(members_.key(), room_);
    return true;
  }
  return false;
}

std::optional<json::Value> find(const json::Value& object, std::string_view camel_name) {
  auto fields = Fields::of(object, {});
  if (!fields) return std::nullopt;
  while (fields->next()) {
    if (fields->name() == camel_name) return fields->value();
  }
  return std::nullopt;
}

std::string_view standard_base64(std::string_view text, base::Arena& arena) {
  constexpr std::string_view kFernet = "gAAAA";
  if (text.starts_with(kFernet) || text == kNoSignature) return text;
  const bool url_safe = text.find_first_of("-_") != std::string_view::npos;
  const std::size_t odd = text.size() % 4;
  if (!url_safe && odd == 0) return text;
  const std::size_t padding = odd == 2 || odd == 3 ? 4 - odd : 0;
  char* const copy = arena.allocate_array<char>(text.size() + padding);
  std::transform(text.begin(), text.end(), copy, [](char c) {
    return c == '-' ? '+' : c == '_' ? '/' : c;
  });
  std::fill_n(copy + text.size(), padding, '=');
  return {copy, text.size() + padding};
}

bool is_base64(std::string_view text) {
  const std::size_t size = text.size();
  while (!text.empty() && text.back() == '=' && size - text.size() < 2) text.remove_suffix(1);
  return text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), is_base64_char);
}

chat::Extra extra_below(std::string_view prefix, std::string_view name, const json::Value& value,
                        base::Arena& arena) {
  return {arena.concat({prefix, name}), chat::Keeper::raw(value)};
}

void write_extras(json::Writer& writer, const chat::Extras& extras, std::string_view prefix,
                  std::initializer_list<std::string_view> children) {
  for (const chat::Extra& extra : extras) {
    if (!extra.key.starts_with(prefix)) continue;
    const std::string_view name = extra.key.substr(prefix.size());
    const bool deeper = std::any_of(children.begin(), children.end(), [&](std::string_view child) {
      return name.starts_with(child);
    });
    if (!deeper) writer.raw_member(name, extra.raw);
  }
}

bool has_extras(const chat::Extras& extras, std::string_view prefix) {
  return std::any_of(extras.begin(), extras.end(),
                     [&](const chat::Extra& extra) { return extra.key.starts_with(prefix); });
}

const chat::Extra* find_extra(const chat::Extras& extras, std::string_view key) {
  const auto found = std::find_if(extras.begin(), extras.end(),
                                  [&](const chat::Extra& extra) { return extra.key == key; });
  return found == extras.end() ? nullptr : &*found;
}

}  // namespace tollgate::dataplane::formats::gemini
