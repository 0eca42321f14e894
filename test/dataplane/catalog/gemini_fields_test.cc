#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "dataplane/catalog/feature.h"

namespace tollgate::dataplane::catalog {
namespace {

// testdata/gemini_fields.txt is made of the official SDK by test/tools/gemini_fields.py.
TEST(GeminiFields, EveryMemberOfTheRequestHasARow) {
  std::ifstream file(TOLLGATE_TESTDATA "/gemini_fields.txt");
  const auto rows = request_fields(Format::kGeminiGenerate);
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    ++count;
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [&](const RequestField& row) {
      return row.path == line;
    })) << line;
  }
  EXPECT_GT(count, 100U);
}

TEST(GeminiFields, RefusalsAndWarningsSayWhy) {
  for (const FeatureRow& row : feature_rows(Format::kGeminiGenerate)) {
    if (row.treatment == Treatment::kRefuse) {
      EXPECT_FALSE(row.note.empty()) << to_string(row.feature);
    }
    EXPECT_FALSE(row.note.ends_with('.')) << row.note;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::catalog
