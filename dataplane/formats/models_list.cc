#include "dataplane/formats/models_list.h"

#include <array>
#include <cstdio>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::formats {
namespace {

/// RFC 3339 in UTC, as Anthropic writes times.
std::string rfc3339(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 40> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string openai_document(std::span<const ListedModel> models) {
  std::string out = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < models.size(); ++i) {
    out += i == 0 ? R"({"id":)" : R"(,{"id":)";
    base::append_json_string(out, models[i].id);
    out += R"(,"object":"model","created":)";
    out += std::to_string(models[i].created.time_since_epoch().count());
    out += R"(,"owned_by":)";
    base::append_json_string(out, models[i].owned_by);
    out += '}';
  }
  out += "]}";
  return out;
}

void append_id_or_null(std::string& out, std::span<const ListedModel> models, std::size_t index) {
  if (models.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, models[index].id);
  }
}

std::string anthropic_document(std::span<const ListedModel> models) {
  std::string out = R"({"data":[)";
  for (std::size_t i = 0; i < models.size(); ++i) {
    out += i == 0 ? R"({"id":)" : R"(,{"id":)";
    base::append_json_string(out, models[i].id);
    out += R"(,"type":"model","display_name":)";
    base::append_json_string(out, models[i].id);
    out += R"(,"created_at":")";
    out += rfc3339(models[i].created);
    out += R"("})";
  }
  out += R"(],"first_id":)";
  append_id_or_null(out, models, 0);
  out += R"(,"last_id":)";
  append_id_or_null(out, models, models.size() - 1);
  out += R"(,"has_more":false})";
  return out;
}

}  // namespace

std::string models_document(catalog::Dialect dialect, std::span<const ListedModel> models) {
  return dialect == catalog::Dialect::kAnthropic ? anthropic_document(models)
                                                 : openai_document(models);
}

}  // namespace tollgate::dataplane::formats
