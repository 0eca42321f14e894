#include "dataplane/formats/embeddings/parts.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>

#include "dataplane/base/hash.h"
#include "dataplane/formats/chat/keep.h"

namespace tollgate::dataplane::formats::embeddings {

base::Error cannot_say(std::string_view where, std::string_view what) {
  return chat::bad_request(where, what);
}

base::Result<std::string> to_base64(std::string_view numbers) {
  constexpr std::string_view kBetween = "[], \t\r\n";
  std::string bytes;
  bytes.reserve(numbers.size() / 2);
  const char* at = numbers.data();
  const char* const end = at + numbers.size();
  std::size_t count = 0;
  while (at != end) {
    if (kBetween.find(*at) != std::string_view::npos) {
      ++at;
      continue;
    }
    double number = 0;
    const auto parsed = std::from_chars(at, end, number);
    if (parsed.ec != std::errc{} || ++count > kMaxDimensions) {
      return broken_answer("a vector is no list of numbers");
    }
    at = parsed.ptr;
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(number));
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>((bits >> shift) & 0xFFU);
    }
  }
  return base::base64_encode(bytes);
}

base::Result<std::string> to_numbers(std::string_view base64) {
  const auto bytes = base::base64_decode(base64);
  if (!bytes || bytes->size() % 4 != 0 || bytes->size() / 4 > kMaxDimensions) {
    return broken_answer("a vector is no base64 of floats");
  }
  std::string out = "[";
  for (std::size_t i = 0; i < bytes->size(); i += 4) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      bits |= static_cast<std::uint32_t>(static_cast<unsigned char>((*bytes)[i + k])) << (8 * k);
    }
    const auto number = std::bit_cast<float>(bits);
    constexpr std::uint32_t kExponent = 0x7F800000U;
    if ((bits & kExponent) == kExponent) return broken_answer("a vector holds no numbers");
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    if (i > 0) out += ',';
    out.append(digits.data(), written.ptr);
  }
  return out + "]";
}

base::Status check_count(const Answer& answer, const AnswerContext& context) {
  if (answer.vectors.empty()) return broken_answer("it holds no vectors");
  if (context.request != nullptr && context.request->inputs.size() != answer.vectors.size()) {
    return broken_answer("it holds another number of vectors than there are inputs");
  }
  return {};
}

base::Status check_texts(const Request& request) {
  for (const Input& input : request.inputs) {
    if (!input.tokens.empty()) {
      return cannot_say("input", "holds token numbers, which only OpenAI's models understand");
    }
  }
  return {};
}

Usage usage_of(std::optional<std::uint64_t> input) {
  Usage usage;
  usage.input = input;
  usage.total = input;
  usage.reported = input.has_value();
  return usage;
}

std::optional<std::uint64_t> count_in(const json::Value& object,
                                      std::initializer_list<std::string_view> path) {
  const auto value = object.find(path);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  if (!number || *number < 0 || static_cast<std::uint64_t>(*number) > kMaxTokens) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*number);
}

Dropped dropped_of(const Request& request) {
  Dropped dropped;
  for (const chat::Extra& extra : request.extras) {
    if (extra.raw != "null" && extra.raw != "false") dropped.push_back(extra.key);
  }
  return dropped;
}

std::string_view task_of(const Request& request, const Input& input) {
  return request.task_type.empty() ? input.task_type : request.task_type;
}

std::string_view title_of(const Request& request, const Input& input) {
  return request.title.empty() ? input.title : request.title;
}

}  // namespace tollgate::dataplane::formats::embeddings
