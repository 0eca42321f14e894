#include "dataplane/formats/openai/annotations.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tollgate::dataplane::formats::openai {
namespace {

std::optional<std::string> text_of(const json::Value& value,
                                   std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto member = value.find(name);
    if (!member || member->type() != json::Type::kString) continue;
    const auto text = member->string();
    if (text) return std::string(*text);
  }
  return std::nullopt;
}

std::int64_t index_of(const json::Value& value, std::string_view name, std::size_t otherwise) {
  const auto member = value.find(name);
  if (member && member->type() == json::Type::kNumber) {
    const auto number = member->integer();
    if (number) return *number;
  }
  return static_cast<std::int64_t>(otherwise);
}

}  // namespace

bool write_annotation(json::Writer& w, json::Reader& reader, std::string_view raw,
                      catalog::Format origin, Span span, AnnotationStyle style) {
  const bool nested = style == AnnotationStyle::kNested;
  const catalog::Format own =
      nested ? catalog::Format::kOpenAiChat : catalog::Format::kOpenAiResponses;
  if (origin == own) {
    w.raw(raw);
    return true;
  }
  const json::PaddedText padded(raw);
  const auto document = reader.open(padded.view());
  if (!document || document->type() != json::Type::kObject) return false;
  json::Value value = *document;
  for (const std::string_view inner : {"url_citation", "web"}) {
    const auto found = document->find(inner);
    if (found && found->type() == json::Type::kObject) value = *found;
  }
  const auto url = text_of(value, {"url", "uri"});
  if (!url) return false;
  w.begin_object().member("type", "url_citation");
  if (nested) w.key("url_citation").begin_object();
  w.member("start_index", index_of(value, "start_index", span.from));
  w.member("end_index", index_of(value, "end_index", span.to));
  w.member("title", text_of(value, {"title"}).value_or(*url)).member("url", *url);
  if (nested) w.end_object();
  w.end_object();
  return true;
}

}  // namespace tollgate::dataplane::formats::openai
