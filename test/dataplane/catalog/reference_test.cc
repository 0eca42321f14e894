#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/catalog/endpoint.h"
#include "dataplane/catalog/feature.h"
#include "dataplane/catalog/schema.h"
#include "dataplane/catalog/support.h"

// The pages that say what works on what: docs/reference/kinds.md and translation.md. With
// TOLLGATE_REWRITE_GOLDENS=1 their tables are written instead of compared.

namespace tollgate::dataplane::catalog {
namespace {

constexpr std::string_view kPages = TOLLGATE_SOURCE_DIR "/docs/reference/";

/// Members of one feature that a cell names; the others are of the same kind.
constexpr std::size_t kMaxMembers = 3;

bool rewriting() {
  return std::getenv("TOLLGATE_REWRITE_GOLDENS") != nullptr;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// The part of a page from the table whose head begins with `head` to its last row, compared line
/// by line, so that a failure names the row.
void compare(const std::string& name, std::string_view head, const std::string& wanted) {
  const std::string path = std::string(kPages) + name;
  const std::string page = read(path);
  const std::size_t begin = page.find(head);
  ASSERT_NE(begin, std::string::npos) << name << " has no table that begins with " << head;
  std::size_t end = page.find("|\n\n", begin);
  end = end == std::string::npos ? page.size() : end + 2;
  if (rewriting()) {
    std::ofstream(path, std::ios::binary) << page.substr(0, begin) << wanted << page.substr(end);
    return;
  }
  EXPECT_EQ(lines_of(page.substr(begin, end - begin)), lines_of(wanted))
      << name << ": TOLLGATE_REWRITE_GOLDENS=1 writes it";
}

std::string row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += cell.empty() ? " |" : " " + cell + " |";
  return out + "\n";
}

std::string head_of_table(const std::vector<std::string>& cells) {
  std::string out = row(cells) + "|";
  for (std::size_t i = 0; i < cells.size(); ++i) out += "---|";
  return out + "\n";
}

std::string code(std::string_view text) {
  return "`" + std::string(text) + "`";
}

// --- endpoints x schemas ---------------------------------------------------------------------

std::string cell_of(SupportKind kind) {
  switch (kind) {
    case SupportKind::kPass:
      return "passed through";
    case SupportKind::kTranslate:
      return "translated";
    case SupportKind::kUnsupported:
      return "500";
  }
  return "";
}

TEST(Reference, EveryPairOfEndpointAndSchema) {
  std::vector<std::string> head{"Path"};
  for (const SchemaInfo& schema : all_schemas()) head.emplace_back(schema.name);
  std::string table = head_of_table(head);
  std::vector<std::string> local{""};
  for (const EndpointInfo& endpoint : all_endpoints()) {
    if (!endpoint.has_model) {
      local.front() += (local.front().empty() ? "" : ", ") + code(endpoint.path);
      continue;
    }
    std::vector<std::string> cells{code(endpoint.path)};
    for (const SchemaInfo& schema : all_schemas()) {
      cells.push_back(cell_of(supports(endpoint.endpoint, schema.schema).kind));
    }
    table += row(cells);
  }
  local.emplace_back("answered by the gateway: the models that the host's rules name");
  local.resize(head.size());
  compare("kinds.md", "| Path | ", table + row(local));
}

// --- what translation loses ------------------------------------------------------------------

/// Dialects that chats are written in: the formats of client paths that are translated.
std::vector<Format> dialects() {
  std::vector<Format> out;
  for (const EndpointInfo& endpoint : all_endpoints()) {
    const bool known = !request_fields(endpoint.format).empty();
    const bool seen = std::find(out.begin(), out.end(), endpoint.format) != out.end();
    if (endpoint.family == Family::kChat && known && !seen) out.push_back(endpoint.format);
  }
  return out;
}

/// Whether a backend can be spoken to in this format by clients of other dialects.
bool is_target(Format format) {
  for (const EndpointInfo& endpoint : all_endpoints()) {
    for (const SchemaInfo& schema : all_schemas()) {
      const Support support = supports(endpoint.endpoint, schema.schema);
      const bool foreign = dialect_of(support.backend_format) != endpoint.format;
      if (foreign && dialect_of(support.backend_format) == format) return true;
    }
  }
  return false;
}

bool is_below(std::string_view path, std::string_view other) {
  return path.size() > other.size() && path.starts_with(other) &&
         (path[other.size()] == '.' || path[other.size()] == '[');
}

/// The members by which a dialect asks for a feature; "-" if it cannot.
std::string members(Format client, Feature feature) {
  if (feature == Feature::kUnknown) return "any other member";
  std::vector<std::string_view> found;
  for (const RequestField& field : request_fields(client)) {
    if (field.feature != feature) continue;
    const bool inside = std::any_of(found.begin(), found.end(), [&field](std::string_view path) {
      return is_below(field.path, path);
    });
    if (!inside) found.push_back(field.path);
  }
  if (found.empty()) return "-";
  std::string out;
  for (std::size_t i = 0; i < std::min(found.size(), kMaxMembers); ++i) {
    out += (i == 0 ? "" : ", ") + code(found[i]);
  }
  return found.size() > kMaxMembers ? out + " ..." : out;
}

std::string words_of(Feature feature) {
  std::string out(to_string(feature));
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

/// Notes that are no more than a member's name stay as they are.
std::string sentence(std::string_view note) {
  std::string out(note);
  if (out.find(' ') == std::string::npos) return out.empty() ? out : code(out);
  if (out.back() != '.') out += '.';
  return out;
}

std::string_view outcome(Treatment treatment) {
  switch (treatment) {
    case Treatment::kWarn:
      return "left out, named";
    case Treatment::kRefuse:
      return "422";
    case Treatment::kDrop:
      return "left out";
    case Treatment::kMap:
    case Treatment::kClamp:
      return "";
  }
  return "";
}

std::string section(Format target, const std::vector<Format>& clients) {
  std::vector<std::string> head{"Asked for"};
  for (const Format client : clients) {
    if (client != target) head.emplace_back(to_string(client));
  }
  head.emplace_back("Outcome");
  head.emplace_back("Why");
  std::string lost = head_of_table(head);
  std::string kept;
  for (const FeatureRow& feature : feature_rows(target)) {
    std::vector<std::string> cells{code(to_string(feature.feature))};
    bool asked = false;
    for (const Format client : clients) {
      if (client == target) continue;
      cells.push_back(members(client, feature.feature));
      asked = asked || cells.back() != "-";
    }
    if (!asked) continue;
    const std::string_view what = outcome(feature.treatment);
    if (what.empty()) {
      if (feature.note.empty()) continue;
      kept += "* " + words_of(feature.feature) + ": " + sentence(feature.note) + "\n";
      continue;
    }
    cells.emplace_back(what);
    cells.push_back(sentence(feature.note));
    lost += row(cells);
  }
  return "\n## Spoken to in " + std::string(to_string(target)) + "\n\n" + lost +
         "\nSaid in other words, or as far as the API reaches:\n\n" + kept;
}

constexpr std::string_view kIntroduction = R"(# What translation loses

Written from the tables that the gateway works by. One section per API that backends are spoken to
in; a column per API of clients names the members of a request that ask for something. What is not
listed arrives as it was meant. A client and a backend of the same API lose nothing.

* **left out, named**: the request is sent without it; the answer's header `x-tollgate-dropped`
  names it by the word in the first column.
* **left out**: the same without a word, since it changes nothing that the client could notice.
* **422**: the request is refused, because the answer would be another one without it.

Everywhere a data: URI that is not base64 or does not name its media type is refused
(`media_form`), and so is a request whose messages say nothing.

This page is about requests. Of answers a client's API may have no place for a part: images and
Google's grounding are left out, without a word, for all but Google's clients, sounds for all but
Google's and OpenAI chat's. What an answer cost is counted in full all the same.

Which backends are spoken to in which API: [kinds.md](kinds.md#endpoints-and-schemas). How to try
it: [translate.md](../tasks/translate.md).
)";

TEST(Reference, WhatTranslationLoses) {
  const std::vector<Format> clients = dialects();
  ASSERT_GE(clients.size(), 4U);
  std::string page(kIntroduction);
  for (const Format target : clients) {
    if (is_target(target)) page += section(target, clients);
  }
  const std::string path = std::string(kPages) + "translation.md";
  if (rewriting()) {
    std::ofstream(path, std::ios::binary) << page;
    return;
  }
  EXPECT_EQ(lines_of(read(path)), lines_of(page)) << "TOLLGATE_REWRITE_GOLDENS=1 writes it";
}

/// What status and explain say of a pair is what the page says.
TEST(Reference, LossesAreOfThePage) {
  const std::string page = read(std::string(kPages) + "translation.md");
  for (const Format client : dialects()) {
    for (const Format target : dialects()) {
      if (client == target || !is_target(target)) continue;
      const std::string title = "## Spoken to in " + std::string(to_string(target)) + "\n";
      const std::size_t begin = page.find(title);
      ASSERT_NE(begin, std::string::npos) << title;
      const std::string text = page.substr(begin, page.find("\n## ", begin) - begin);
      std::size_t named = 0;
      for (const FeatureRow& feature : feature_rows(target)) {
        const bool lost =
            feature.treatment == Treatment::kWarn || feature.treatment == Treatment::kRefuse;
        if (!lost || members(client, feature.feature) == "-") continue;
        EXPECT_NE(text.find("\n| " + code(to_string(feature.feature)) + " | "), std::string::npos);
        const auto fields = request_fields(client);
        named += std::any_of(fields.begin(), fields.end(), [&feature](const RequestField& field) {
          return field.feature == feature.feature;
        });
      }
      EXPECT_EQ(losses(client, target).size(), named)
          << to_string(client) << " -> " << to_string(target);
    }
  }
}

}  // namespace
}  // namespace tollgate::dataplane::catalog
