#include "dataplane/formats/chat/keep.h"

#include <functional>
#include <string>

namespace tollgate::dataplane::formats::chat {

base::Error bad_request(std::string_view where, std::string_view what) {
  std::string text(where);
  text += ": ";
  text += what;
  return base::client_error(base::Code::kInvalidArgument, std::move(text));
}

std::string_view Keeper::keep(std::string_view text) const {
  const std::less_equal<const char*> not_behind;
  const bool inside = not_behind(document_.data(), text.data()) &&
                      not_behind(text.data() + text.size(), document_.data() + document_.size());
  return inside ? text : arena_.copy(text);
}

base::Result<std::string_view> Keeper::text(const json::Value& value,
                                            std::string_view where) const {
  const auto text = value.string();
  if (!text) return bad_request(where, "must be a string");
  return keep(*text);
}

base::Result<std::string_view> Keeper::text_or_null(const json::Value& value,
                                                    std::string_view where) const {
  if (value.is_null()) return std::string_view{};
  return text(value, where);
}

base::Result<Number> Keeper::number(const json::Value& value, std::string_view where) const {
  const auto number = value.number();
  if (!number) return bad_request(where, "must be a number");
  return Number{*number, raw(value)};
}

base::Result<bool> Keeper::boolean(const json::Value& value, std::string_view where) const {
  const auto boolean = value.boolean();
  if (!boolean) return bad_request(where, "must be true or false");
  return *boolean;
}

std::string_view Keeper::raw(const json::Value& value) {
  return value.raw().value_or(std::string_view("null"));
}

Extra Keeper::extra(std::string_view key, const json::Value& value) const {
  return {keep(key), raw(value)};
}

}  // namespace tollgate::dataplane::formats::chat
