#include <concepts>
#include <type_traits>

#include "dataplane/base/hash.h"
#include "dataplane/base/text.h"
#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/limit_members.h"
#include "dataplane/snapshot/members.h"
#include "dataplane/snapshot/names.h"
#include "dataplane/snapshot/route_members.h"

// Canonical by construction: Members lists names in order, members at their default are left out,
// and each value has one spelling.

namespace tollgate::dataplane::snapshot {

namespace {

template <typename E>
  requires std::is_enum_v<E>
void append(std::string& out, E value) {
  for (const auto& [enumerator, name] : Names<E>::kAll) {
    if (enumerator == value) base::append_json_string(out, name);
  }
}

void append(std::string& out, const std::string& text) {
  base::append_json_string(out, text);
}

void append(std::string& out, bool value) {
  out += value ? "true" : "false";
}

template <std::integral I>
  requires(!std::same_as<I, bool>)
void append(std::string& out, I value) {
  out += std::to_string(value);
}

void append(std::string& out, std::chrono::milliseconds value) {
  out += std::to_string(value.count());
}

void append(std::string& out, const base::Secret& secret) {
  base::append_json_string(out, base::base64_encode(secret.reveal()));
}

template <typename T>
  requires std::is_class_v<T>
void append(std::string& out, const T& object);

template <typename T>
void append(std::string& out, const std::vector<T>& list) {
  out += '[';
  bool first = true;
  for (const T& element : list) {
    if (!first) out += ',';
    first = false;
    append(out, element);
  }
  out += ']';
}

template <typename T>
void append(std::string& out, const std::optional<T>& value) {
  append(out, *value);
}

template <typename T>
bool is_default(const T& value, const T& standard) {
  if constexpr (requires { Members<T>::each([](auto, auto) {}); }) {
    bool all = true;
    Members<T>::each([&](std::string_view, auto member) {
      all = all && is_default(value.*member, standard.*member);
    });
    return all;
  } else if constexpr (std::same_as<T, base::Secret>) {
    return value.empty();
  } else {
    return value == standard;
  }
}

template <typename T>
bool is_default(const std::vector<T>& value, const std::vector<T>&) {
  return value.empty();
}

template <typename T>
bool is_default(const std::optional<T>& value, const std::optional<T>&) {
  return !value.has_value();
}

template <typename T>
  requires std::is_class_v<T>
void append(std::string& out, const T& object) {
  [[maybe_unused]] static const T kStandard{};
  out += '{';
  bool first = true;
  Members<T>::each([&](std::string_view name, auto member) {
    if (is_default(object.*member, kStandard.*member)) return;
    if (!first) out += ',';
    first = false;
    base::append_json_string(out, name);
    out += ':';
    append(out, object.*member);
  });
  out += '}';
}

}  // namespace

std::string encode(const Value& value) {
  std::string out;
  std::visit([&out](const auto& resource) { append(out, resource); }, value);
  return out;
}

}  // namespace tollgate::dataplane::snapshot
