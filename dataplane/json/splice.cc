#include "dataplane/json/splice.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "dataplane/json/reader.h"

namespace tollgate::dataplane::json {

void Splice::replace(Range range, std::string_view replacement) {
  assert(edits_.size() < kMaxEdits);
  const auto place = std::find_if(edits_.begin(), edits_.end(), [&range](const Edit& edit) {
    return edit.offset > range.offset;
  });
  const bool hits_before =
      place != edits_.begin() && std::prev(place)->offset + std::prev(place)->length > range.offset;
  const bool hits_after = place != edits_.end() && range.end() > place->offset;
  assert(!hits_before && !hits_after);
  if (hits_before || hits_after) return;
  edits_.insert(place, {range.offset, range.length, replacement});
}

void Splice::insert(std::size_t offset, std::string_view text) {
  replace({offset, 0}, text);
}

void Splice::insert_member(std::size_t open, bool was_empty,
                           std::initializer_list<std::string_view> pieces) {
  const bool inserted_before = std::any_of(edits_.begin(), edits_.end(), [open](const Edit& edit) {
    return edit.offset == open && edit.length == 0;
  });
  if (was_empty && inserted_before) insert(open, ",");
  for (const std::string_view piece : pieces) insert(open, piece);
  if (!was_empty) insert(open, ",");
}

std::size_t Splice::result_bytes(std::string_view body) const {
  std::size_t size = body.size();
  for (const Edit& edit : edits_) size += edit.replacement.size() - edit.length;
  return size;
}

void Splice::apply(std::string_view body, std::string& out) const {
  const std::size_t size = result_bytes(body);
  out.clear();
  out.resize(size + kPaddingBytes);
  apply_to(body, out.data());
  // Shrinking keeps the allocation, so that the padding stays readable.
  out.resize(size);
}

void Splice::apply_to(std::string_view body, char* out) const {
  const auto put = [&out](std::string_view text) {
    if (text.empty()) return;
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  std::size_t at = 0;
  for (const Edit& edit : edits_) {
    put(body.substr(at, edit.offset - at));
    put(edit.replacement);
    at = edit.offset + edit.length;
  }
  put(body.substr(at));
}

std::vector<std::string_view> Splice::slices(std::string_view body) const {
  std::vector<std::string_view> slices;
  slices.reserve(edits_.size() * 2 + 1);
  const auto put = [&slices](std::string_view text) {
    if (!text.empty()) slices.push_back(text);
  };
  std::size_t at = 0;
  for (const Edit& edit : edits_) {
    put(body.substr(at, edit.offset - at));
    put(edit.replacement);
    at = edit.offset + edit.length;
  }
  put(body.substr(at));
  return slices;
}

void force_include_usage(const BodyScan& scan, Splice& splice) {
  if (scan.include_usage.value_or(false)) return;
  if (scan.include_usage_token.length > 0) {
    splice.replace(scan.include_usage_token, "true");
  } else if (scan.has_stream_options) {
    splice.insert_member(scan.stream_options_open, scan.stream_options_empty,
                         {R"("include_usage":true)"});
  } else if (scan.stream_options.length > 0) {  // null
    splice.replace(scan.stream_options, R"({"include_usage":true})");
  } else {
    splice.insert_member(scan.members_open, scan.empty_object,
                         {R"("stream_options":{"include_usage":true})"});
  }
}

void set_model(const BodyScan& scan, std::string_view json_string, Splice& splice) {
  if (scan.model_token.length > 0) {
    splice.replace(scan.model_token, json_string);
    return;
  }
  splice.insert_member(scan.members_open, scan.empty_object, {R"("model":)", json_string});
}

}  // namespace tollgate::dataplane::json
