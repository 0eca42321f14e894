#include "dataplane/auth/aws_documents.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "dataplane/base/text.h"
#include "dataplane/json/reader.h"

namespace tollgate::dataplane::auth {
namespace {

base::Error malformed(std::string reason) {
  return base::config_error(base::Code::kInvalidArgument, std::move(reason));
}

base::Error missing(std::string reason) {
  return base::config_error(base::Code::kNotFound, std::move(reason));
}

base::Status check_size(std::string_view text) {
  if (text.size() > kMaxCredentialDocumentBytes) {
    return base::config_error(base::Code::kLimitExceeded,
                              "the credentials document is larger than 64 KiB");
  }
  return {};
}

base::Result<AwsKeys> checked(AwsKeys keys, std::string_view where) {
  if (keys.access_key_id.empty()) {
    return missing(std::string(where) + " has no access key id");
  }
  if (keys.secret_access_key.empty()) {
    return missing(std::string(where) + " has no secret access key");
  }
  for (const std::string_view text :
       {std::string_view(keys.access_key_id), keys.session_token.reveal()}) {
    for (const char c : text) {
      if (c <= ' ' || c >= '\x7F') {
        return malformed(std::string(where) +
                         " has a key or token with characters that no header may hold");
      }
    }
  }
  return keys;
}

/// "[name]" or "[profile name]" -> "name"; nullopt for other lines.
std::optional<std::string_view> section_name(std::string_view line) {
  if (!line.starts_with('[')) {
    return std::nullopt;
  }
  const std::size_t close = line.find(']');
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view name = base::trim(line.substr(1, close - 1));
  constexpr std::string_view kProfile = "profile ";
  if (name.starts_with(kProfile)) {
    name = base::trim(name.substr(kProfile.size()));
  }
  return name;
}

void take_setting(AwsKeys& keys, std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    return;
  }
  const std::string name = base::to_lower(base::trim(line.substr(0, equals)));
  const std::string_view value = base::trim(line.substr(equals + 1));
  if (name == "aws_access_key_id") {
    keys.access_key_id = std::string(value);
  } else if (name == "aws_secret_access_key") {
    keys.secret_access_key = base::Secret(std::string(value));
  } else if (name == "aws_session_token") {
    keys.session_token = base::Secret(std::string(value));
  }
}

/// The content of the first <tag>...</tag>, entities not replaced.
std::optional<std::string_view> element(std::string_view xml, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const std::string close = "</" + std::string(tag) + ">";
  const std::size_t start = xml.find(open);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t content = start + open.size();
  const std::size_t end = xml.find(close, content);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  return base::trim(xml.substr(content, end - content));
}

std::string decode_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    bool replaced = false;
    for (const auto& [entity, character] : kEntities) {
      if (text.starts_with(entity)) {
        out += character;
        text.remove_prefix(entity.size());
        replaced = true;
        break;
      }
    }
    if (!replaced) {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string element_text(std::string_view xml, std::string_view tag) {
  const std::optional<std::string_view> content = element(xml, tag);
  return content ? decode_entities(*content) : std::string();
}

/// `size` digits at the front of `text`, which lose them.
std::optional<int> take_number(std::string_view& text, std::size_t size) {
  if (text.size() < size) {
    return std::nullopt;
  }
  const auto value = base::parse_u64(text.substr(0, size));
  text.remove_prefix(size);
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::minutes> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") {
    return std::chrono::minutes(0);
  }
  const bool negative = text.starts_with('-');
  if (!negative && !text.starts_with('+')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  const bool colon = take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !colon || !minutes || !text.empty()) {
    return std::nullopt;
  }
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return negative ? -offset : offset;
}

}  // namespace

std::optional<base::WallTime> parse_time(std::string_view text) {
  std::array<int, 6> parts{};
  constexpr std::array<std::size_t, 6> kDigits{4, 2, 2, 2, 2, 2};
  constexpr std::string_view kBehind = "--T::";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::optional<int> number = take_number(text, kDigits[i]);
    if (!number || (i < kBehind.size() && !take(text, kBehind[i]))) {
      return std::nullopt;
    }
    parts[i] = *number;
  }
  if (take(text, '.')) {
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      text.remove_prefix(1);
    }
  }
  const std::optional<std::chrono::minutes> offset = take_offset(text);
  // What a clock of nanoseconds can hold; whoever writes a later time means never.
  constexpr int kFirstYear = 1970;
  constexpr int kLastYear = 2200;
  if (parts[0] < kFirstYear) {
    return std::nullopt;
  }
  parts[0] = std::min(parts[0], kLastYear);
  const std::chrono::year_month_day date{std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (!offset || !date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(parts[3]) +
         std::chrono::minutes(parts[4]) + std::chrono::seconds(parts[5]) - *offset;
}

base::Result<AwsKeys> parse_credentials_file(std::string_view text, std::string_view profile) {
  TRY(check_size(text));
  AwsKeys keys;
  bool inside = false;
  bool found = false;
  for (const std::string_view raw : base::split(text, '\n')) {
    const std::string_view line = base::trim(raw);
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) {
      continue;
    }
    if (const auto name = section_name(line)) {
      inside = *name == profile;
      found = found || inside;
    } else if (inside) {
      take_setting(keys, line);
    }
  }
  const std::string where = "profile \"" + std::string(profile) + "\" of the credentials file";
  if (!found) {
    return missing("the credentials file has no profile \"" + std::string(profile) + "\"");
  }
  return checked(std::move(keys), where);
}

base::Result<AwsKeys> parse_credentials_json(std::string_view text) {
  TRY(check_size(text));
  const json::PaddedText padded(text);
  json::Reader reader;
  TRY_ASSIGN(json::Value document, reader.open(padded.view()));
  TRY_ASSIGN(json::Members members, document.members());
  AwsKeys keys;
  std::string code;
  std::string expiration;
  while (members.next()) {
    const std::string key(members.key());
    if (members.value().type() != json::Type::kString) {
      continue;
    }
    TRY_ASSIGN(const std::string_view value, members.value().string());
    if (key == "AccessKeyId") {
      keys.access_key_id = std::string(value);
    } else if (key == "SecretAccessKey") {
      keys.secret_access_key = base::Secret(std::string(value));
    } else if (key == "Token") {
      keys.session_token = base::Secret(std::string(value));
    } else if (key == "Expiration") {
      expiration = std::string(value);
    } else if (key == "Code") {
      code = std::string(value);
    }
  }
  if (!reader.finish()) {
    return malformed("the credentials document is no JSON object");
  }
  if (!code.empty() && code != "Success") {
    return missing("the credentials document reports an error instead of keys");
  }
  if (!expiration.empty()) {
    keys.expires_at = parse_time(expiration);
    if (!keys.expires_at) {
      return malformed("the credentials document has an expiry that is no time");
    }
  }
  return checked(std::move(keys), "the credentials document");
}

base::Result<AwsKeys> parse_sts_answer(std::string_view xml) {
  TRY(check_size(xml));
  const std::optional<std::string_view> credentials = element(xml, "Credentials");
  if (!credentials) {
    return malformed("the answer of STS has no credentials");
  }
  AwsKeys keys;
  keys.access_key_id = element_text(*credentials, "AccessKeyId");
  keys.secret_access_key = base::Secret(element_text(*credentials, "SecretAccessKey"));
  keys.session_token = base::Secret(element_text(*credentials, "SessionToken"));
  keys.expires_at = parse_time(element_text(*credentials, "Expiration"));
  if (!keys.expires_at) {
    return malformed("the answer of STS has no expiry");
  }
  return checked(std::move(keys), "the answer of STS");
}

std::string describe_sts_error(std::string_view xml) {
  constexpr std::size_t kMaxBytes = 512;
  const std::optional<std::string_view> error =
      element(xml.substr(0, kMaxCredentialDocumentBytes), "Error");
  if (!error) {
    return {};
  }
  std::string text = element_text(*error, "Code") + ": " + element_text(*error, "Message");
  if (text.size() > kMaxBytes) {
    text.resize(kMaxBytes);
  }
  return text;
}

}  // namespace tollgate::dataplane::auth
