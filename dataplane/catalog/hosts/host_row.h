#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tollgate::dataplane::catalog::hosts {

/// Whether a provider's streams tell their token counts.
enum class StreamUsage : std::uint8_t {
  kOnRequest,  // with stream_options.include_usage
  kAlways,     // unasked; stream_options may be refused
  kNever,
};

/// What differs between providers that speak OpenAI's API: one row per host. A new provider is a
/// row here and a folder of samples in the test's data.
struct HostRow {
  std::string_view provider;  // "groq"
  /// "api.groq.com"; one that begins with '.' stands for every host that ends so. Lower case.
  std::string_view host;
  /// Where the API stands, without slashes at its ends: what schema.prefix should be. A part in
  /// braces is the user's own.
  std::string_view prefix = "v1";
  std::string_view auth_header = "authorization";
  /// Knows `max_tokens` and not `max_completion_tokens`.
  bool max_tokens_legacy = false;
  StreamUsage stream_usage = StreamUsage::kOnRequest;
  /// Members of a chat request that are refused with an error, with spaces between.
  std::string_view refused = {};
  /// The path to the sentence in an error body, with dots between.
  std::string_view error_message = "error.message";
  /// The member of messages and deltas that holds thinking; empty = it shows none.
  std::string_view thinking = {};
};

/// The row for a host, whatever its case and with or without a port; the longest suffix wins. A
/// host that nobody knows gets `default_row()`, which is OpenAI's own behaviour.
const HostRow& find_host(std::string_view host);
const HostRow& default_row();
std::span<const HostRow> all_hosts();

/// Whether a request with this member is refused there.
bool refuses(const HostRow& row, std::string_view member);

std::string_view to_string(StreamUsage usage);

}  // namespace tollgate::dataplane::catalog::hosts
