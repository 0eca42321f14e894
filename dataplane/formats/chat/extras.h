#pragma once

#include <initializer_list>
#include <string_view>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/formats/chat/request.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::chat {

/// Unknown members of a nested object whose other members have their place in the canonical form
/// stand among the extras of what holds them, under the dotted name: `image_url.foo`.

/// Writes the extras, without those below the objects that are named.
void write_extras(json::Writer& w, const Extras& extras,
                  std::initializer_list<std::string_view> nested = {});
void write_extras(json::Writer& w, const OwnedExtras& extras);
/// Writes those below the object `name`, which the writer has open.
void write_nested_extras(json::Writer& w, const Extras& extras, std::string_view name);
/// Whether there are extras below the object `name`.
bool has_nested_extras(const Extras& extras, std::string_view name);
/// What an extra says is what happens without it: null, false, nothing at all, and the values that
/// members have by default.
bool asks_nothing(const Extra& extra);
/// One that comes again replaces the earlier one.
void keep_extra(OwnedExtras& extras, std::string_view key, std::string_view raw);
Extras views_of(const OwnedExtras& extras);
/// The extra of that name; nullptr: none.
const Extra* find_extra(const Extras& extras, std::string_view key);

}  // namespace tollgate::dataplane::formats::chat
