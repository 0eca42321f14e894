#include "dataplane/auth/sigv4.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>
#include <vector>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::auth {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
/// Hosts of Bedrock's data plane, in front of and behind the region.
constexpr std::array<std::string_view, 2> kHostHeads{"bedrock-runtime.", "bedrock-runtime-fips."};
constexpr std::array<std::string_view, 3> kHostTails{".vpce.amazonaws.com", ".amazonaws.com",
                                                     ".api.aws"};

/// RFC 3986 5.2.4, empty segments removed too, and every segment encoded.
void append_canonical_path(std::string& out, std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : base::split(path, '/')) {
    if (segment.empty() || segment == ".") {
      continue;
    }
    if (segment == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
      continue;
    }
    kept.push_back(segment);
  }
  if (kept.empty()) {
    out += '/';
    return;
  }
  for (const std::string_view segment : kept) {
    out += '/';
    base::append_percent_encoded(out, segment);
  }
  if (path.ends_with('/')) {
    out += '/';
  }
}

/// Pairs sorted by name, then value, each with its '='. They are encoded on the wire already.
void append_canonical_query(std::string& out, std::string_view query) {
  if (query.empty()) {
    return;
  }
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (const std::string_view part : base::split(query, '&')) {
    const std::size_t equals = part.find('=');
    pairs.emplace_back(part.substr(0, equals), equals == std::string_view::npos
                                                   ? std::string_view{}
                                                   : part.substr(equals + 1));
  }
  std::sort(pairs.begin(), pairs.end());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i > 0) {
      out += '&';
    }
    out += pairs[i].first;
    out += '=';
    out += pairs[i].second;
  }
}

/// White space at the ends goes, a run of it inside becomes one space.
void append_folded(std::string& out, std::string_view value) {
  bool gap = false;
  const std::size_t start = out.size();
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      gap = true;
      continue;
    }
    if (gap && out.size() > start) {
      out += ' ';
    }
    gap = false;
    out += c;
  }
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;  // "content-type;host;x-amz-date"
};

CanonicalHeaders canonical_headers(const http::RequestHead& head) {
  struct Line {
    std::string name;
    std::size_t order;  // of arrival, kept among fields of one name
    std::string_view value;
  };
  std::vector<Line> chosen;
  chosen.push_back({"host", 0, head.authority});
  for (const http::Field& field : head.fields) {
    std::string name = base::to_lower(field.name);
    if (name == "content-type" || name.starts_with("x-amz-")) {
      chosen.push_back({std::move(name), chosen.size(), field.value});
    }
  }
  std::sort(chosen.begin(), chosen.end(), [](const Line& a, const Line& b) {
    return std::tie(a.name, a.order) < std::tie(b.name, b.order);
  });
  CanonicalHeaders out;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0 && chosen[i].name == chosen[i - 1].name) {
      out.lines.back() = ',';
    } else {
      out.names += out.names.empty() ? "" : ";";
      out.names += chosen[i].name;
      out.lines += chosen[i].name;
      out.lines += ':';
    }
    append_folded(out.lines, chosen[i].value);
    out.lines += '\n';
  }
  return out;
}

/// YYYYMMDDTHHMMSSZ
std::array<char, 16> amz_date(base::WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{seconds - day};
  std::array<char, 16> text{};
  std::size_t at = 0;
  const auto put = [&text, &at](unsigned value, unsigned digits) {
    for (unsigned i = digits; i-- > 0; value /= 10) {
      text[at + i] = static_cast<char>('0' + value % 10);
    }
    at += digits;
  };
  put(static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(static_cast<unsigned>(date.month()), 2);
  put(static_cast<unsigned>(date.day()), 2);
  text[at++] = 'T';
  put(static_cast<unsigned>(clock.hours().count()), 2);
  put(static_cast<unsigned>(clock.minutes().count()), 2);
  put(static_cast<unsigned>(clock.seconds().count()), 2);
  text[at] = 'Z';
  return text;
}

template <std::size_t N>
std::string_view view(const std::array<char, N>& text) {
  return {text.data(), N};
}

Sha256::Digest canonical_request_digest(const http::RequestHead& head,
                                        const CanonicalHeaders& headers,
                                        std::span<const std::string_view> body, Sha256& hash) {
  hash.begin();
  for (const std::string_view slice : body) {
    hash.add(slice);
  }
  const std::array<char, 64> payload = to_hex(hash.end());
  std::string request;
  request.reserve(512);
  request += head.method;
  request += '\n';
  append_canonical_path(request, head.path);
  request += '\n';
  append_canonical_query(request, head.query);
  request += '\n';
  request += headers.lines;
  request += '\n';
  request += headers.names;
  request += '\n';
  request += view(payload);
  hash.begin();
  hash.add(request);
  return hash.end();
}

}  // namespace

SigningKeyCache::~SigningKeyCache() {
  for (Entry& entry : entries_) {
    OPENSSL_cleanse(entry.key.data(), entry.key.size());
  }
}

const SigningKeyCache::Key& SigningKeyCache::get(const AwsKeys& keys, std::string_view day,
                                                 std::string_view region,
                                                 std::string_view service) {
  ++tick_;
  for (Entry& entry : entries_) {
    if (entry.access_key_id == keys.access_key_id && entry.day == day && entry.region == region &&
        entry.service == service && entry.secret.reveal() == keys.secret_access_key.reveal()) {
      entry.used = tick_;
      return entry.key;
    }
  }
  if (entries_.empty()) {
    entries_.reserve(kMaxEntries);  // so that keys are never moved and left behind
  }
  if (entries_.size() < kMaxEntries) {
    entries_.emplace_back();
  }
  // An entry just made has never been used, so that it is the one found.
  Entry& entry = *std::min_element(entries_.begin(), entries_.end(),
                                   [](const Entry& a, const Entry& b) { return a.used < b.used; });
  entry.access_key_id = keys.access_key_id;
  entry.secret = keys.secret_access_key;
  entry.day = std::string(day);
  entry.region = std::string(region);
  entry.service = std::string(service);
  entry.used = tick_;
  std::string first = "AWS4";
  first += keys.secret_access_key.reveal();
  entry.key = hash_.hmac(first, day);
  entry.key = hash_.hmac(bytes_of(entry.key), region);
  entry.key = hash_.hmac(bytes_of(entry.key), service);
  entry.key = hash_.hmac(bytes_of(entry.key), kTerminator);
  OPENSSL_cleanse(first.data(), first.size());
  return entry.key;
}

base::Status sign_aws_v4(const AwsKeys& keys, const SigningScope& scope, http::RequestHead& head,
                         std::span<const std::string_view> body, base::WallTime now,
                         SigningKeyCache& cache, base::Arena& arena) {
  const std::array<char, 16> date = amz_date(now);
  const std::string_view day = view(date).substr(0, 8);
  head.fields.set("X-Amz-Date", arena.copy(view(date)));
  if (keys.session_token.empty()) {
    head.fields.remove("X-Amz-Security-Token");
  } else {
    head.fields.set("X-Amz-Security-Token", arena.copy(keys.session_token.reveal()));
  }
  const CanonicalHeaders headers = canonical_headers(head);
  Sha256& hash = cache.hash();
  const std::array<char, 64> request = to_hex(canonical_request_digest(head, headers, body, hash));
  const std::string_view credential_scope =
      arena.concat({day, "/", scope.region, "/", scope.service, "/", kTerminator});
  const std::string_view to_sign =
      arena.concat({kAlgorithm, "\n", view(date), "\n", credential_scope, "\n", view(request)});
  const SigningKeyCache::Key& key = cache.get(keys, day, scope.region, scope.service);
  const std::array<char, 64> signature = to_hex(hash.hmac(bytes_of(key), to_sign));
  if (!hash.ok()) {
    return base::internal_error("the hash library failed");
  }
  head.fields.set(
      "Authorization",
      arena.concat({kAlgorithm, " Credential=", keys.access_key_id, "/", credential_scope,
                    ", SignedHeaders=", headers.names, ", Signature=", view(signature)}));
  return {};
}

std::string_view region_of_host(std::string_view host, std::string_view fallback) {
  host = host.substr(0, host.find(':'));
  for (const std::string_view head : kHostHeads) {
    if (!host.starts_with(head)) {
      continue;
    }
    const std::string_view rest = host.substr(head.size());
    for (const std::string_view tail : kHostTails) {
      if (!rest.ends_with(tail)) {
        continue;
      }
      const std::string_view region = rest.substr(0, rest.size() - tail.size());
      return region.empty() || region.find('.') != std::string_view::npos ? fallback : region;
    }
  }
  return fallback;
}

}  // namespace tollgate::dataplane::auth
