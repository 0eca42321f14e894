#include "controller/tokens/answers.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "dataplane/auth/aws_documents.h"
#include "dataplane/base/text.h"
#include "reconcilers/document/member.h"

namespace tollgate::controller::tokens {

using Json = nlohmann::json;
namespace auth = tollgate::dataplane::auth;
using reconcilers::document::text_of;

namespace {

/// Life of a token whose answer does not say.
constexpr std::int64_t kDefaultLifeS = 3600;
/// Nobody's tokens live longer; whoever says so is asked again after this.
constexpr std::int64_t kMaxLifeS = 24LL * 3600;
constexpr std::size_t kMaxSaidBytes = 300;

void replace_all(std::string& text, std::string_view from) {
  constexpr std::string_view kInstead = "***";
  if (from.empty()) return;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), kInstead);
    at += kInstead.size();
  }
}

void redact(std::string& text, Sensitive sensitive) {
  for (const std::string_view one : sensitive) {
    replace_all(text, one);
    replace_all(text, base::percent_encoded(one));
  }
}

/// One line of valid UTF-8 of at most kMaxSaidBytes.
std::string presentable(std::string text) {
  if (text.size() > kMaxSaidBytes) {
    std::size_t end = kMaxSaidBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  std::string quoted;
  base::append_json_string(quoted, text);  // what is no UTF-8 becomes U+FFFD
  const Json valid = Json::parse(quoted, nullptr, false);
  return valid.is_string() ? valid.get<std::string>() : "";
}

/// Seconds; nullopt: no number.
std::optional<std::int64_t> life_of(const Json& document) {
  const auto found = document.find("expires_in");
  if (found == document.end() || found->is_null()) return kDefaultLifeS;
  if (found->is_number_unsigned()) {
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(found->get<std::uint64_t>(), kMaxLifeS));
  }
  if (found->is_number_integer()) return found->get<std::int64_t>();
  if (found->is_number_float()) {
    const double seconds = found->get<double>();
    return seconds < static_cast<double>(kMaxLifeS)
               ? static_cast<std::int64_t>(std::max(seconds, 0.0))
               : kMaxLifeS;
  }
  if (!found->is_string()) return std::nullopt;
  const auto seconds = base::parse_u64(found->get<std::string>());
  if (!seconds) return std::nullopt;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(*seconds, kMaxLifeS));
}

}  // namespace

base::Error failed(std::string_view step, std::string_view why) {
  return base::backend_error(base::Code::kUnauthenticated, true,
                             std::string(step) + ": " + std::string(why));
}

std::string describe(const Answer& answer, Sensitive sensitive) {
  std::string body = answer.body;
  redact(body, sensitive);
  const Json document = Json::parse(body, nullptr, false);
  std::string text;
  if (document.is_object()) {
    const auto error = document.find("error");
    if (error != document.end() && error->is_object()) {
      text = text_of(*error, "message");
    } else {
      text = text_of(document, "error");
      const std::string more = text_of(document, "error_description");
      if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
    }
  }
  if (text.empty()) text = auth::describe_sts_error(body);
  redact(text, sensitive);  // what was escaped in the body
  text = presentable(std::move(text));
  return "status " + std::to_string(answer.status) + (text.empty() ? "" : " (" + text + ")");
}

std::string optional_member(const std::string& body, const char* key) {
  const Json document = Json::parse(body, nullptr, false);
  return document.is_object() ? text_of(document, key) : "";
}

base::Result<std::string> text_member(std::string_view step, const std::string& body,
                                      const char* key) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object()) return failed(step, "the answer is no JSON object");
  std::string text = text_of(document, key);
  if (text.empty()) return failed(step, std::string("the answer has no ") + key);
  return text;
}

Listed is_listed(const std::string& body, const char* key, std::string_view value) {
  const Json document = Json::parse(body, nullptr, false);
  if (!document.is_object()) return Listed::kNoList;
  const auto list = document.find(key);
  if (list == document.end() || !list->is_array()) return Listed::kNoList;
  const bool there = std::any_of(list->begin(), list->end(), [value](const Json& one) {
    return one.is_string() && one.get_ref<const std::string&>() == value;
  });
  return there ? Listed::kYes : Listed::kNo;
}

base::Result<Token> token_until(std::string_view step, base::Secret value, base::WallTime expires,
                                base::WallTime now) {
  if (expires <= now) return failed(step, "the token has expired already");
  return Token{std::move(value), std::min(expires, now + std::chrono::seconds(kMaxLifeS))};
}

base::Result<Token> read_token(std::string_view step, const std::string& body, base::WallTime now) {
  TRY_ASSIGN(std::string value, text_member(step, body, "access_token"));
  base::Secret token(std::move(value));
  const auto life = life_of(Json::parse(body, nullptr, false));
  if (!life) return failed(step, "expires_in is no number of seconds");
  return token_until(step, std::move(token),
                     now + std::chrono::seconds(std::max<std::int64_t>(*life, 0)), now);
}

}  // namespace tollgate::controller::tokens
