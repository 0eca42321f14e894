#include <nlohmann/json.hpp>

#include "dataplane/json/body_scan.h"
#include "dataplane/json/splice.h"
#include "dataplane/json/writer.h"
#include "test/fuzz/http_properties.h"

namespace base = tollgate::dataplane::base;
namespace json = tollgate::dataplane::json;
using tollgate::fuzz::broken;

namespace {

/// Writes a document anew, decoding and encoding every string. False if a number has no double, on
/// which the other parser's verdict depends.
bool rewrite(const json::Value& value, json::Writer& w) {
  switch (value.type()) {
    case json::Type::kObject: {
      auto members = value.members();
      w.begin_object();
      while (members->next()) {
        w.key(members->key());
        if (!rewrite(members->value(), w)) return false;
      }
      w.end_object();
      return true;
    }
    case json::Type::kArray: {
      auto elements = value.elements();
      w.begin_array();
      while (elements->next()) {
        if (!rewrite(elements->value(), w)) return false;
      }
      w.end_array();
      return true;
    }
    case json::Type::kString:
      w.value(*value.string());
      return true;
    case json::Type::kNumber:
      if (!value.number()) return false;
      w.raw(*value.raw());
      return true;
    case json::Type::kBool:
      w.value(*value.boolean());
      return true;
    case json::Type::kNull:
      w.null();
      return true;
  }
  return false;
}

/// Whether an escape may be half of a surrogate pair.
bool has_half_pair(std::string_view text) {
  for (std::size_t at = 0; (at = text.find("\\u", at)) != std::string_view::npos; at += 2) {
    const std::string_view unit = text.substr(at + 2, 2);
    const bool surrogate = unit.size() == 2 && (unit[0] == 'd' || unit[0] == 'D') && unit[1] >= '8';
    if (surrogate) return true;
  }
  return false;
}

/// The verdict is that of an independent parser, and so is the content.
void check_document(json::Reader& reader, std::string_view text) {
  const json::PaddedText padded(text);
  const auto root = reader.open(padded.view());
  if (!root && root.error().code == base::Code::kLimitExceeded) return;
  if (text.starts_with("\xEF\xBB\xBF")) {
    if (root) broken("a byte order mark is accepted", text, {});
    return;  // the other parser skips it
  }
  if (has_half_pair(text)) return;  // the grammar allows it, the other parser does not
  const bool other = nlohmann::json::accept(text);
  if (!root) {
    // The other parser takes a zero byte for the end.
    const bool ends_early = text.find('\0') != std::string_view::npos;
    if (other && !ends_early) broken("the other parser accepts", text, root.error().detail);
    return;
  }
  std::string out;
  json::Writer w(out);
  if (!rewrite(*root, w)) return;
  if (!other) broken("the other parser refuses", text, {});
  const auto ours = nlohmann::json::parse(out, nullptr, false);
  if (ours.is_discarded()) broken("what was written is no JSON", text, out);
  if (ours != nlohmann::json::parse(text)) broken("content changed", text, out);
}

/// Edited bodies are valid and say what was asked for.
void check_edits(json::Reader& reader, std::string_view text) {
  const json::PaddedText padded(text);
  base::Arena arena;
  const auto scan = json::scan_body(reader, padded.view(), arena);
  if (!scan) return;
  json::Splice splice;
  json::set_model(*scan, "\"new\"", splice);
  json::force_include_usage(*scan, splice);
  std::string edited;
  splice.apply(padded.view(), edited);
  const json::PaddedText again(edited);
  const auto second = json::scan_body(reader, again.view(), arena);
  if (!second || second->model != "new" || !second->include_usage.value_or(false) ||
      second->stream != scan->stream || second->max_tokens != scan->max_tokens) {
    broken("an edited body says something else", text, edited);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static json::Reader reader(60);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_document(reader, text);
  check_edits(reader, text);
  return 0;
}
