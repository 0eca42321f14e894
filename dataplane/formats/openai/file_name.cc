#include "dataplane/formats/openai/file_name.h"

#include <algorithm>
#include <array>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::formats::openai {
namespace {

struct Row {
  std::string_view type;
  std::string_view name;
};
constexpr std::array kRows{
    Row{"application/pdf", "document.pdf"},
    Row{"text/plain", "document.txt"},
    Row{"text/markdown", "document.md"},
    Row{"text/html", "document.html"},
    Row{"text/csv", "document.csv"},
    Row{"text/xml", "document.xml"},
    Row{"application/xml", "document.xml"},
    Row{"application/json", "document.json"},
    Row{"application/rtf", "document.rtf"},
    Row{"text/rtf", "document.rtf"},
    Row{"application/msword", "document.doc"},
    Row{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document.docx"},
    Row{"application/vnd.ms-excel", "document.xls"},
    Row{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "document.xlsx"},
    Row{"application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "document.pptx"},
};

}  // namespace

std::string_view file_name(std::string_view media_type) {
  const std::string_view bare = base::trim(media_type.substr(0, media_type.find(';')));
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [bare](const Row& known) {
    return base::equals_ignore_case(known.type, bare);
  });
  if (row != kRows.end()) return row->name;
  // Other texts, programs mostly, are read as such.
  return bare.starts_with("text/") ? "document.txt" : "document.pdf";
}

}  // namespace tollgate::dataplane::formats::openai
