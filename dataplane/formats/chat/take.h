#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/formats/chat/extras.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::formats::chat {

/// A place in a document, on the stack; spelled only when something is wrong there.
struct At {
  const At* up = nullptr;
  std::string_view key;
  std::size_t index = kNoIndex;

  static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);
  [[nodiscard]] At operator[](std::string_view member) const { return {this, member, kNoIndex}; }
  [[nodiscard]] At operator[](std::size_t element) const { return {this, {}, element}; }
  /// "messages[0].role"
  [[nodiscard]] std::string text() const;
  [[nodiscard]] base::Error wrong(std::string_view what) const;
};

/// Puts members of a request into the canonical form, with an error that names the place.
class Taker {
 public:
  Taker(std::string_view document, base::Arena& arena) : keeper_(document, arena) {}

  [[nodiscard]] const Keeper& keeper() const { return keeper_; }
  base::Status text(std::string_view& out, const json::Value& value, const At& at) const;
  base::Status number(std::optional<Number>& out, const json::Value& value, const At& at) const;
  base::Status boolean(std::optional<bool>& out, const json::Value& value, const At& at) const;
  base::Status texts(std::vector<std::string_view>& out, const json::Value& value,
                     const At& at) const;
  /// The raw bytes of an object.
  base::Status object(std::string_view& out, const json::Value& value, const At& at) const;
  void extra(Extras& extras, std::string_view key, const json::Value& value) const {
    extras.push_back(keeper_.extra(key, value));
  }

 private:
  Keeper keeper_;
};

base::Result<json::Members> members_of(const json::Value& value, const At& at);
base::Result<json::Elements> elements_of(const json::Value& value, const At& at);
/// The text of a member; empty if it is absent or no string.
std::string_view find_text(const json::Value& value, std::string_view key);
/// The members that are not named, as they came.
void take_others(const json::Value& object, std::initializer_list<std::string_view> known,
                 Extras& extras);
/// How many members an object has.
std::size_t count_members(const json::Value& object);
/// An object has no members but these, and none is null: the typed fields say all of it.
bool only_has(const json::Value& object, std::initializer_list<std::string_view> known);

}  // namespace tollgate::dataplane::formats::chat
