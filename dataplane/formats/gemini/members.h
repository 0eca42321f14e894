#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "dataplane/base/arena.h"
#include "dataplane/base/result.h"
#include "dataplane/formats/chat/keep.h"
#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::gemini {

/// The members of an object of Google's API, which takes every name in lowerCamelCase and in
/// snake_case alike. Members that are null are absent, as in Protocol Buffers' JSON.
class Fields {
 public:
  static base::Result<Fields> of(const json::Value& object, std::string_view where);

  bool next();
  /// In lowerCamelCase.
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const json::Value& value() { return members_.value(); }

 private:
  explicit Fields(json::Members members) : members_(members) {}
  static constexpr std::size_t kMaxNameBytes = 64;

  json::Members members_;
  std::array<char, kMaxNameBytes> room_{};
  std::string_view name_;
};

/// The member of an object under either spelling, unless it is null.
std::optional<json::Value> find(const json::Value& object, std::string_view camel_name);

/// Calls `take(element)` for each element; what is no array counts as the only element of one,
/// which Google's API accepts for every repeated field.
template <typename Take>
base::Status for_each(const json::Value& value, Take&& take) {
  auto elements = value.elements();
  if (!elements) return take(value);
  while (elements->next()) TRY(take(elements->value()));
  return {};
}

/// Bytes in the standard base64 alphabet with padding: Google's clients write the URL-safe one. Two
/// things that only look like it stay as they are: tokens whose own text is URL-safe (Fernet, what
/// OpenAI's encrypted reasoning is), and Google's placeholder for signatures.
std::string_view standard_base64(std::string_view text, base::Arena& arena);
/// Whether a client of Google's takes it for bytes.
bool is_base64(std::string_view text);

/// Google's word for "this call has no signature, do not check", as bytes and as they are sent.
inline constexpr std::string_view kNoSignature = "skip_thought_signature_validator";
inline constexpr std::string_view kNoSignatureBase64 =
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// What the ids begin with that a request's calls get where the client sent none. They are never
/// sent to Google.
inline constexpr std::string_view kMadeId = "call_unnamed_";

/// An Extra whose key is the path below the thing that keeps it: "generationConfig.speechConfig".
chat::Extra extra_below(std::string_view prefix, std::string_view name, const json::Value& value,
                        base::Arena& arena);
/// Writes the extras directly below `prefix` as members; those below one of `children` are left to
/// their own object.
void write_extras(json::Writer& writer, const chat::Extras& extras, std::string_view prefix,
                  std::initializer_list<std::string_view> children = {});
bool has_extras(const chat::Extras& extras, std::string_view prefix);
const chat::Extra* find_extra(const chat::Extras& extras, std::string_view key);

}  // namespace tollgate::dataplane::formats::gemini
