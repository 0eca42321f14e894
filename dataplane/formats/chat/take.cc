#include "dataplane/formats/chat/take.h"

#include <algorithm>

namespace tollgate::dataplane::formats::chat {

std::string At::text() const {
  std::string out = up == nullptr ? std::string{} : up->text();
  if (index != kNoIndex) {
    out += '[';
    out += std::to_string(index);
    out += ']';
    return out;
  }
  if (!out.empty() && !key.empty()) out += '.';
  out += key;
  return out;
}

base::Error At::wrong(std::string_view what) const {
  const std::string place = text();
  return bad_request(place.empty() ? std::string_view("the body") : place, what);
}

base::Status Taker::text(std::string_view& out, const json::Value& value, const At& at) const {
  const auto text = value.string();
  if (!text) return at.wrong("must be a string");
  out = keeper_.keep(*text);
  return {};
}

base::Status Taker::number(std::optional<Number>& out, const json::Value& value,
                           const At& at) const {
  const auto number = value.number();
  if (!number) return at.wrong("must be a number");
  out = Number{*number, Keeper::raw(value)};
  return {};
}

base::Status Taker::boolean(std::optional<bool>& out, const json::Value& value,
                            const At& at) const {
  const auto boolean = value.boolean();
  if (!boolean) return at.wrong("must be true or false");
  out = *boolean;
  return {};
}

base::Status Taker::texts(std::vector<std::string_view>& out, const json::Value& value,
                          const At& at) const {
  TRY_ASSIGN(json::Elements elements, elements_of(value, at));
  for (std::size_t i = 0; elements.next(); ++i) {
    TRY(text(out.emplace_back(), elements.value(), at[i]));
  }
  return {};
}

base::Status Taker::object(std::string_view& out, const json::Value& value, const At& at) const {
  if (value.type() != json::Type::kObject) return at.wrong("must be an object");
  out = Keeper::raw(value);
  return {};
}

base::Result<json::Members> members_of(const json::Value& value, const At& at) {
  auto members = value.members();
  if (!members) return at.wrong("must be an object");
  return *members;
}

base::Result<json::Elements> elements_of(const json::Value& value, const At& at) {
  auto elements = value.elements();
  if (!elements) return at.wrong("must be a list");
  return *elements;
}

std::string_view find_text(const json::Value& value, std::string_view key) {
  const auto member = value.find(key);
  if (!member) return {};
  const auto text = member->string();
  return text ? *text : std::string_view{};
}

bool only_has(const json::Value& object, std::initializer_list<std::string_view> known) {
  auto members = object.members();
  if (!members) return false;
  while (members->next()) {
    if (members->value().is_null()) return false;
    if (std::find(known.begin(), known.end(), members->key()) == known.end()) return false;
  }
  return true;
}

void take_others(const json::Value& object, std::initializer_list<std::string_view> known,
                 Extras& extras) {
  auto members = object.members();
  if (!members) return;
  while (members->next()) {
    if (std::find(known.begin(), known.end(), members->key()) != known.end()) continue;
    extras.push_back({members->key(), Keeper::raw(members->value())});
  }
}

std::size_t count_members(const json::Value& object) {
  auto members = object.members();
  std::size_t count = 0;
  while (members && members->next()) ++count;
  return count;
}

}  // namespace tollgate::dataplane::formats::chat
