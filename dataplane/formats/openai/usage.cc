#include "dataplane/formats/openai/usage.h"

#include <array>
#include <string_view>

namespace tollgate::dataplane::formats::openai {
namespace {

using Place = std::optional<std::uint64_t> Usage::*;

struct Member {
  std::string_view name;
  Place place;
};

constexpr std::array kTotals{
    Member{"prompt_tokens", &Usage::input},      Member{"input_tokens", &Usage::input},
    Member{"completion_tokens", &Usage::output}, Member{"output_tokens", &Usage::output},
    Member{"total_tokens", &Usage::total},
};
constexpr std::array kDetails{
    Member{"cached_tokens", &Usage::cached_input},
    Member{"cache_creation_input_tokens", &Usage::cache_creation},
    Member{"cache_write_tokens", &Usage::cache_creation},
    Member{"reasoning_tokens", &Usage::reasoning},
};

template <std::size_t N>
bool take(std::string_view name, const json::Value& value, const std::array<Member, N>& places,
          Usage& usage) {
  for (const Member& member : places) {
    if (member.name != name) continue;
    if (value.type() != json::Type::kNumber) return true;
    const auto number = value.integer();
    if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > kMaxTokens) return true;
    usage.*member.place = static_cast<std::uint64_t>(*number);
    usage.reported = true;
    return true;
  }
  return false;
}

std::uint64_t total_of(const Usage& usage) {
  return usage.total.value_or(usage.input.value_or(0) + usage.output.value_or(0));
}

}  // namespace

Usage decode_usage(const json::Value& value) {
  Usage usage;
  auto members = value.members();
  if (!members) return usage;
  while (members->next()) {
    if (take(members->key(), members->value(), kTotals, usage)) continue;
    auto details = members->value().members();
    if (!details || !members->key().ends_with("_tokens_details")) continue;
    while (details->next()) take(details->key(), details->value(), kDetails, usage);
  }
  return usage;
}

void write_usage(json::Writer& w, const Usage& usage) {
  w.begin_object();
  w.member("prompt_tokens", usage.input.value_or(0));
  w.member("completion_tokens", usage.output.value_or(0));
  w.member("total_tokens", total_of(usage));
  if (usage.cached_input || usage.cache_creation) {
    w.key("prompt_tokens_details").begin_object();
    if (usage.cached_input) w.member("cached_tokens", *usage.cached_input);
    if (usage.cache_creation) w.member("cache_creation_input_tokens", *usage.cache_creation);
    w.end_object();
  }
  if (usage.reasoning) {
    w.key("completion_tokens_details").begin_object();
    w.member("reasoning_tokens", *usage.reasoning).end_object();
  }
  w.end_object();
}

void write_responses_usage(json::Writer& w, const Usage& usage) {
  w.begin_object();
  w.member("input_tokens", usage.input.value_or(0));
  w.key("input_tokens_details").begin_object();
  w.member("cached_tokens", usage.cached_input.value_or(0));
  w.member("cache_write_tokens", usage.cache_creation.value_or(0)).end_object();
  w.member("output_tokens", usage.output.value_or(0));
  w.key("output_tokens_details").begin_object();
  w.member("reasoning_tokens", usage.reasoning.value_or(0)).end_object();
  w.member("total_tokens", total_of(usage)).end_object();
}

}  // namespace tollgate::dataplane::formats::openai
